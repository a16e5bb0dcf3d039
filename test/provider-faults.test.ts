import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Browser, navigationHeaders, type Page, textOf } from './support/browser.ts'
import { json, jumpingClock } from './support/issuer.ts'
import {
  type Gateway,
  type OpenidProvider,
  profile,
  startGateway,
  startOpenidProvider,
} from './support/openid-provider.ts'

/** A provider that fails in the middle of a login or of a refresh, and what that costs the visitor. */
let provider: OpenidProvider
let gateway: Gateway | undefined
beforeEach(async () => {
  provider = await startOpenidProvider()
})
afterEach(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

const never = new Promise<never>(() => {})

/** How many sessions there are, whoever has the tickets. */
function rows({ folder }: Gateway): number {
  const database = new DatabaseSync(join(folder, 'sessions.db'))
  const row = database.prepare('SELECT count(*) AS count FROM session').get()
  database.close()
  return Number(row?.count)
}

/** The provider has done its part: the address that it sends the browser back to, not yet opened. */
async function callbackOf(browser: Browser): Promise<URL> {
  const begun = await browser.request('/login?returnTo=/profile', { headers: navigationHeaders })
  const done = await browser.request(begun.headers.get('location') ?? '')
  return new URL(done.headers.get('location') ?? '')
}

describe('a login whose callback finds', () => {
  test.each<[string, () => unknown, () => unknown]>([
    ['the provider down', () => provider.stop(), () => provider.goOn()],
    [
      'a provider that does not answer',
      () => {
        provider.makeIdToken = () => never
      },
      () => {
        provider.makeIdToken = (claims) => provider.token(claims, { typ: 'JWT' })
      },
    ],
  ])('%s is a 503 that leads on, is no session, and can be made again (F04)', async (_what, begin, end) => {
    gateway = await startGateway(provider)
    const browser = new Browser(gateway.url)
    const callback = await callbackOf(browser)
    await begin()
    const begun = performance.now()
    const page = await browser.open(callback)
    // The provider has five seconds.
    expect(performance.now() - begun).toBeLessThan(20_000)
    expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5'])
    expect(textOf(page.text, 'h1')).toBe('The identity provider is out of reach')
    expect(page.text).toContain('href="/login?returnTo=%2Fprofile"')
    expect(page.text).not.toMatch(/ECONN|fetch failed|at \w+ \(/)
    expect([await browser.ticket(), rows(gateway)]).toEqual([undefined, 0])
    await end()
    await gateway.login('/profile', browser)
    expect(await profile(browser)).toBe(200)
  })

  test('its gateway killed in the middle can be made again, and is no session before (F27)', async () => {
    gateway = await startGateway(provider)
    const browser = new Browser(gateway.url)
    const callback = await callbackOf(browser)
    const asked = new Promise<void>((resolve) => {
      provider.makeIdToken = () => {
        resolve()
        return never
      }
    })
    const cut = expect(browser.open(callback)).rejects.toThrow()
    await asked
    expect(await gateway.program.stop('SIGKILL')).toBe('SIGKILL')
    await cut
    await gateway.program.start()
    expect([await browser.ticket(), await profile(browser), rows(gateway)]).toEqual([undefined, 401, 0])
    provider.makeIdToken = (claims) => provider.token(claims, { typ: 'JWT' })
    await gateway.login('/profile', browser)
    expect([await profile(browser), rows(gateway)]).toEqual([200, 1])
  })
})

describe('a refresh', () => {
  /** An API that takes every access token. */
  const api = createServer(json({ text: 'hello' }))
  let user: Browser
  beforeEach(async () => {
    await once(api.listen(0, '127.0.0.1'), 'listening')
    const { port } = api.address() as AddressInfo
    gateway = await startGateway(provider, {
      API_SERVER_URL: `http://127.0.0.1:${port}`,
      SESSION_IDLE_SECONDS: '36000',
      // Fifteen seconds before an access token of an hour expires: it is due.
      ...jumpingClock(3585),
    })
    user = await gateway.login()
  })
  afterEach(async () => {
    api.closeAllConnections()
    api.close()
    await once(api, 'close')
  })
  const ask = (browser = user): Promise<Page> => browser.fetch('/api/messages/protected')

  test('that the provider is down for is put off while the access token is good (F05, F06)', async () => {
    await gateway?.later()
    await provider.stop()
    for (let times = 0; times < 2; times += 1) expect((await ask()).status).toBe(200)
    expect((await user.open('/protected')).status).toBe(200)
    // Now it is expired.
    await gateway?.later()
    const answer = await ask()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await profile(user)).toBe(200)
    await provider.goOn()
    expect((await ask()).status).toBe(200)
    expect(provider.refreshes).toBe(1)
  })

  const refused: RequestListener = (_req, res) =>
    res.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}')
  /** The provider has rotated, and nobody will know the new refresh token. */
  const lost: RequestListener = (req) => void req.socket.destroy()

  test.each<[string, RequestListener | undefined, number]>([
    ['goes on at a provider that takes the old one once more', undefined, 200],
    ['has to log in again at one that takes it for stolen', refused, 401],
  ])('whose answer is lost after the rotation: the visitor %s (F08)', async (_what, second, status) => {
    provider.accessTokenSeconds = 1
    await gateway?.login('/profile', user)
    await wait(1100)
    provider.refreshing = lost
    const answer = await ask()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await profile(user)).toBe(200)
    provider.refreshing = second
    const page = await user.request('/protected', { headers: navigationHeaders })
    expect([page.status, page.headers.get('location')]).toEqual(
      status === 200 ? [200, null] : [303, '/login?returnTo=%2Fprotected'],
    )
    expect((await ask()).status).toBe(status)
    // The first one was sent once: sent again by itself it would have ended the grant without a need.
    expect(provider.refreshes).toBe(2)
    provider.refreshing = undefined
    provider.accessTokenSeconds = 3600
    if (gateway) await gateway.login('/profile', user)
    expect((await ask()).status).toBe(200)
  })
})
