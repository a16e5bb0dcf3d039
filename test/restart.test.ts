import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { type Stack, startStack } from './support/stack.ts'

describe('a program that is killed and started again', () => {
  let stack: Stack
  let browser: Browser
  beforeAll(async () => {
    stack = await startStack({ TENANT_ACCESS_TOKEN_SECONDS: '1' })
    browser = new Browser(stack.baseUrl)
    await browser.login('admin@example.com')
  })
  afterAll(() => stack[Symbol.asyncDispose]())

  test.each(['bff', 'api', 'tenant'] as const)('%s: everybody is still logged in', async (name) => {
    expect(await stack[name].stop('SIGKILL')).toBe('SIGKILL')
    await stack[name].start()
    // Expired, so that the tenant has to know its grants again.
    await wait(1100)
    expect((await browser.fetch('/api/messages/admin')).status).toBe(200)
    expect((await browser.open('/profile')).status).toBe(200)
  })

  test('what they keep is for nobody else on the machine (I09)', () => {
    const data = join(stack.folder, 'data')
    expect((statSync(data).mode & 0o777).toString(8)).toBe('700')
    for (const file of ['sessions.db', 'sessions.db-wal', 'session-secret', 'tenant.db']) {
      expect([file, (statSync(join(data, file)).mode & 0o777).toString(8)]).toEqual([file, '600'])
    }
  })

  test('the storage holds no token, no claim and no ticket in the clear (I09)', async () => {
    const data = join(stack.folder, 'data')
    const kept = Buffer.concat([
      readFileSync(join(data, 'sessions.db')),
      readFileSync(join(data, 'sessions.db-wal')),
    ])
    const needles = [
      ...stack.issuedTokens().map(({ value }) => value),
      'admin@example.com',
      await browser.ticket(),
    ]
    expect(needles.length).toBeGreaterThan(3)
    for (const needle of needles) expect(kept.includes(needle ?? '')).toBe(false)
  })
})

describe('SIGTERM', () => {
  test('lets a request in flight finish, takes no new one, and ends with 0 (F24)', async () => {
    let finish: (() => void) | undefined
    const upstream = createServer((_req, res) => {
      finish = () => res.setHeader('Content-Type', 'application/json').end('{"slow":true}')
      upstream.emit('asked')
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const { port } = upstream.address() as AddressInfo
    await using stack = await startStack({ API_SERVER_URL: `http://127.0.0.1:${port}` })
    const asked = once(upstream, 'asked')
    const slow = fetch(`${stack.baseUrl}/api/messages/public`)
    await asked
    const ended = stack.bff.stop('SIGTERM')
    await stack.bff.line(({ msg }) => msg === 'stopping')
    await expect(fetch(`${stack.baseUrl}/livez`)).rejects.toThrow()
    finish?.()
    expect(await (await slow).text()).toBe('{"slow":true}')
    expect(await ended).toBe(0)
    expect(await stack.api.stop()).toBe(0)
    expect(await stack.tenant.stop()).toBe(0)
    upstream.close()
  })
})

describe.each(['SIGTERM', 'SIGINT'] as const)('a second %s', (signal) => {
  test('ends a program at once that waits for a request in flight (F25)', async () => {
    await using api = createServer(() => api.emit('asked')).listen(0, '127.0.0.1')
    await once(api, 'listening')
    const { port } = api.address() as AddressInfo
    await using stack = await startStack({ API_SERVER_URL: `http://127.0.0.1:${port}` })
    const asked = once(api, 'asked')
    const slow = expect(fetch(`${stack.baseUrl}/api/messages/public`)).rejects.toThrow()
    await asked
    const ended = stack.bff.stop(signal)
    await stack.bff.line(({ msg }) => msg === 'stopping')
    // Ctrl-C in a terminal comes twice within a moment and means one.
    stack.bff.signal(signal)
    expect(await Promise.race([ended, wait(1100, 'still there')])).toBe('still there')
    const begun = performance.now()
    stack.bff.signal(signal)
    expect(await ended).toBe(1)
    expect(performance.now() - begun).toBeLessThan(8000)
    await slow
    api.closeAllConnections()
  })
})

describe('health', () => {
  test('a gateway that serves is alive and ready, and says no more (I06)', async () => {
    await using stack = await startStack()
    for (const path of ['/livez', '/readyz']) {
      const response = await fetch(`${stack.baseUrl}${path}`)
      expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
    }
    for (const path of ['/metrics', '/health', '/debug', '/status']) {
      expect((await fetch(`${stack.baseUrl}${path}`)).status).toBe(404)
    }
  })
})
