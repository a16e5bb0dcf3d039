import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { embeddedClients } from '../shared/identity-provider.ts'
import { Browser } from './support/browser.ts'
import { type Stack, startStack } from './support/stack.ts'

/** Long enough for the access token of a tenant that gives it one second to be expired, tolerance included. */
const lifetime = { TENANT_ACCESS_TOKEN_SECONDS: '1' }
const untilExpired = () => wait(1100)

const refreshesServed = (stack: Stack) =>
  stack.tenant.log.filter(({ grant, msg }) => grant === 'refresh_token' && msg === 'grant').length
const refreshesRefused = (stack: Stack) =>
  stack.tenant.log.filter(({ grant, msg }) => grant === 'refresh_token' && msg === 'grant refused').length

async function loggedIn(stack: Stack, email = 'user@example.com'): Promise<Browser> {
  const browser = new Browser(stack.baseUrl)
  await browser.login(email)
  return browser
}

describe('an access token that is expired', () => {
  test('is refreshed once for twenty requests at once, and all of them succeed (F09)', async () => {
    await using stack = await startStack(lifetime)
    const browser = await loggedIn(stack, 'admin@example.com')
    await untilExpired()
    const answers = await Promise.all(Array.from({ length: 20 }, () => browser.fetch('/api/messages/admin')))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(refreshesServed(stack)).toBe(1)
    expect(refreshesRefused(stack)).toBe(0)
    // The rotated refresh token was saved: the next refresh works too.
    await untilExpired()
    expect((await browser.fetch('/api/messages/admin')).status).toBe(200)
    expect(refreshesServed(stack)).toBe(2)
  })

  test('is refreshed for a page as well, without a new cookie', async () => {
    await using stack = await startStack(lifetime)
    const browser = await loggedIn(stack)
    await untilExpired()
    const page = await browser.open('/protected')
    expect([page.status, page.headers.getSetCookie()]).toEqual([200, []])
    expect(refreshesServed(stack)).toBe(1)
  })

  test('leads to login when the grant has ended at the provider, by whatever learns of it (F07)', async () => {
    await using stack = await startStack(lifetime)
    const [script, reader, part] = [await loggedIn(stack), await loggedIn(stack), await loggedIn(stack)]
    await revokeEverything(stack)
    await untilExpired()
    expect((await script.fetch('/api/messages/protected')).status).toBe(401)
    const page = await reader.request('/protected', { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login?returnTo=%2Fprotected'])
    const { status, headers, text } = await part.swap('/protected')
    expect([status, headers.get('hx-redirect'), text]).toEqual([401, '/login?returnTo=%2Fprotected', ''])
    expect(refreshesRefused(stack)).toBe(3)
    // The session has ended with it: nobody is asked again, and who comes by the start page is nobody.
    for (const browser of [script, reader, part]) {
      expect((await browser.fetch('/profile')).status).toBe(401)
      expect((await browser.open('/')).status).toBe(200)
    }
    expect(refreshesRefused(stack)).toBe(3)
    expect((await script.login('user@example.com')).status).toBe(200)
  })

  test('is 503 while the provider is down, and nobody is logged out (F06)', async () => {
    await using stack = await startStack(lifetime)
    const browser = await loggedIn(stack)
    await stack.tenant.stop('SIGKILL')
    await untilExpired()
    const answer = await browser.fetch('/api/messages/protected')
    expect([answer.status, answer.headers.get('retry-after'), answer.text]).toEqual([
      503,
      '5',
      '{"message":"Service Unavailable"}',
    ])
    const page = await browser.open('/protected')
    expect(page.status).toBe(503)
    expect(page.headers.get('retry-after')).toBe('5')
    expect((await browser.open('/profile')).status).toBe(200)
    await stack.tenant.start()
    expect((await browser.fetch('/api/messages/protected')).status).toBe(200)
  })
})

describe('a request that ends early or late', () => {
  test('a browser that hangs up during a refresh loses nothing', async () => {
    await using stack = await startStack(lifetime)
    const browser = await loggedIn(stack)
    await untilExpired()
    stack.tenant.signal('SIGSTOP')
    const abort = new AbortController()
    const cookie = await browser.jar.getCookieString(stack.baseUrl)
    const request = fetch(`${stack.baseUrl}/api/messages/protected`, {
      headers: { cookie },
      signal: abort.signal,
    })
    await untilGatewayHasRead(stack)
    abort.abort()
    await expect(request).rejects.toThrow()
    stack.tenant.signal('SIGCONT')
    // The refresh went on by itself; what it brought serves the next request.
    expect((await browser.fetch('/api/messages/protected')).status).toBe(200)
    expect(refreshesServed(stack)).toBe(1)
    expect(refreshesRefused(stack)).toBe(0)
  })

  test('a logout during a refresh stays a logout, and the new refresh token is revoked (S08)', async () => {
    await using stack = await startStack(lifetime)
    const browser = await loggedIn(stack)
    const copy = await browser.jar.getCookieString(stack.baseUrl)
    await untilExpired()
    stack.tenant.signal('SIGSTOP')
    const slow = browser.fetch('/api/messages/protected')
    await untilGatewayHasRead(stack)
    expect((await browser.sendForm('/logout')).status).toBe(303)
    stack.tenant.signal('SIGCONT')
    const answer = await slow
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([401, []])
    const replay = new Browser(stack.baseUrl)
    expect((await replay.fetch('/api/messages/protected', { headers: { cookie: copy } })).status).toBe(401)
    await stack.tenant.line(({ msg }) => msg === 'grant revoked')
  })

  test('a slow request that ends after the logout does not bring the session back (S07, B24)', async () => {
    let answerSlowly: (() => void) | undefined
    const upstream = createServer((_req, res) => {
      answerSlowly = () => res.setHeader('Content-Type', 'application/json').end('{}')
      upstream.emit('asked')
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const { port } = upstream.address() as AddressInfo
    await using stack = await startStack({ API_SERVER_URL: `http://127.0.0.1:${port}` })
    const browser = new Browser(stack.baseUrl)
    await browser.login('user@example.com', '/')
    const copy = await browser.jar.getCookieString(stack.baseUrl)
    const asked = once(upstream, 'asked')
    const slow = browser.fetch('/api/messages/protected')
    await asked
    expect((await browser.sendForm('/logout')).status).toBe(303)
    answerSlowly?.()
    const answer = await slow
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []])
    const replay = new Browser(stack.baseUrl)
    expect((await replay.fetch('/api/messages/protected', { headers: { cookie: copy } })).status).toBe(401)
    upstream.close()
  })
})

/** The gateway reads requests in the order in which they come: what was sent before has been taken up. */
async function untilGatewayHasRead(stack: Stack): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await fetch(`${stack.baseUrl}/livez`)
}

async function revokeEverything(stack: Stack): Promise<void> {
  const { gateway } = embeddedClients
  for (const { kind, value } of stack.issuedTokens()) {
    if (kind !== 'refresh_token') continue
    const body = new URLSearchParams({ token: value, client_id: gateway.id, client_secret: gateway.secret })
    expect((await fetch(`${stack.tenantUrl}/oauth/revoke`, { method: 'POST', body })).status).toBe(200)
  }
}
