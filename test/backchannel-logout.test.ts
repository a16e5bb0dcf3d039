import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { embeddedClients } from '../shared/identity-provider.ts'
import { Browser } from './support/browser.ts'
import { jumpingClock, newKey } from './support/issuer.ts'
import {
  type Gateway,
  type OpenidProvider,
  profile,
  startGateway,
  startOpenidProvider,
} from './support/openid-provider.ts'
import { startStack } from './support/stack.ts'

const openFile = (gateway: Gateway) => new DatabaseSync(join(gateway.folder, 'sessions.db'))

let provider: OpenidProvider
let gateway: Gateway
let user: string
let other: string
beforeAll(async () => {
  provider = await startOpenidProvider()
  gateway = await startGateway(provider)
})
beforeEach(() => {
  user = `auth0|${randomUUID()}`
  other = `auth0|${randomUUID()}`
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

/** Logs a user in whose provider session has that sid. */
function logIn(provider: OpenidProvider, gateway: Gateway, sub: string, sid?: string): Promise<Browser> {
  provider.user = { sub, ...(sid !== undefined && { sid }) }
  return gateway.login()
}

const statuses = (browsers: readonly Browser[]) => Promise.all(browsers.map(profile))

/** The gateway reads requests in the order in which they come: what was sent before has been taken up. */
async function untilGatewayHasRead({ url }: Gateway): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await fetch(`${url}/livez`)
}

describe('a logout token', () => {
  test('with a sid ends the session of that login and no other (B01)', async () => {
    const browsers = [
      await logIn(provider, gateway, user, `first ${user}`),
      await logIn(provider, gateway, user, `second ${user}`),
      await logIn(provider, gateway, other, `third ${user}`),
    ]
    expect(
      (await gateway.logOut(provider.logoutToken({ sub: undefined, sid: `first ${user}` }))).status,
    ).toBe(200)
    expect(await statuses(browsers)).toEqual([401, 200, 200])
    // As Auth0 sends it: with both.
    expect((await gateway.logOut(provider.logoutToken({ sub: user, sid: `second ${user}` }))).status).toBe(
      200,
    )
    expect(await statuses(browsers)).toEqual([401, 401, 200])
  })

  test('with a sub ends all sessions of that user and of no other (B02, S24)', async () => {
    const browsers = [
      await logIn(provider, gateway, user, `first ${user}`),
      await logIn(provider, gateway, user, `second ${user}`),
      await logIn(provider, gateway, user),
      await logIn(provider, gateway, `${user}2`, `third ${user}`),
    ]
    expect((await gateway.logOut(provider.logoutToken({ sub: user }))).status).toBe(200)
    expect(await statuses(browsers)).toEqual([401, 401, 401, 200])
    const page = await browsers[0]?.request('/profile', { headers: { accept: 'text/html' } })
    expect([page?.status, page?.headers.get('location')]).toEqual([303, '/login?returnTo=%2Fprofile'])
  })

  test('whose sid is that of another user than its sub ends nobody’s session', async () => {
    const browsers = [
      await logIn(provider, gateway, user, `same ${user}`),
      await logIn(provider, gateway, other, `same ${user}`),
    ]
    expect(
      (await gateway.logOut(provider.logoutToken({ sub: 'auth0|nobody', sid: `same ${user}` }))).status,
    ).toBe(200)
    expect(await statuses(browsers)).toEqual([200, 200])
    expect((await gateway.logOut(provider.logoutToken({ sub: other, sid: `same ${user}` }))).status).toBe(200)
    expect(await statuses(browsers)).toEqual([200, 401])
  })

  test.each([
    ['a sid that nobody has', () => ({ sub: undefined, sid: 'unknown' })],
    ['a sid that is a name of JavaScript (B19)', () => ({ sub: undefined, sid: '__proto__' })],
    ['a sid that is the name of a user', () => ({ sub: undefined, sid: user })],
    ['a sub that is the name of a session', () => ({ sub: `first ${user}` })],
    ['a user who is not here', () => ({ sub: 'auth0|nobody' })],
  ])('with %s is accepted and ends nothing (B26)', async (_name, claims) => {
    const browser = await logIn(provider, gateway, user, `first ${user}`)
    const answer = await gateway.logOut(provider.logoutToken(claims()))
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await profile(browser)).toBe(200)
  })

  test('that is accepted gets an empty answer that no cache keeps (B25)', async () => {
    await logIn(provider, gateway, user, `first ${user}`)
    const { status, text, headers } = await gateway.logOut(provider.logoutToken({ sub: user }))
    expect([status, text, headers.get('cache-control'), headers.getSetCookie()]).toEqual([
      200,
      '',
      'no-store',
      [],
    ])
  })

  test('leaves one line in the log, which says how many sessions it ended and nothing else', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider, { LOG_LEVEL: 'trace' })
    const browsers = [
      await logIn(provider, gateway, 'auth0|user', 'sid-of-the-first'),
      await logIn(provider, gateway, 'auth0|user', 'sid-of-the-second'),
    ]
    const tickets = await Promise.all(browsers.map((browser) => browser.ticket()))
    const claims = { jti: 'identifier-of-the-token' }
    const [good, bad] = [await provider.logoutToken(claims), await provider.logoutToken({ iss: 'x' })]
    await gateway.logOut(good)
    await gateway.logOut(bad)
    await gateway.program.line(({ msg }) => msg === 'logout token refused')
    const lines = gateway.program.log.filter(({ msg }) => msg === 'back-channel logout')
    expect(lines).toMatchObject([{ level: 'info', sessions: 2, requestId: expect.any(String) }])
    const secrets = [good, bad, 'sid-of-the', claims.jti, ...tickets, ...provider.issued]
    for (const secret of secrets) expect(gateway.program.output).not.toContain(secret)
    expect(JSON.stringify(lines)).not.toContain('auth0|user')
  })
})

describe('a logout token that was used', () => {
  test('is refused from then on, and ends no session of the next login (B13)', async () => {
    const before = await logIn(provider, gateway, user, `first ${user}`)
    const token = await provider.logoutToken({ sub: user })
    expect((await gateway.logOut(token)).status).toBe(200)
    const after = await logIn(provider, gateway, user, `first ${user}`)
    expect((await gateway.logOut(token)).status).toBe(400)
    expect(await statuses([before, after])).toEqual([401, 200])
  })

  test('is refused by every gateway on the same storage, and after a restart (B13)', async () => {
    await using provider = await startOpenidProvider()
    await using one = await startGateway(provider)
    await using two = await startGateway(provider, { DATA_DIR: one.folder })
    const token = await provider.logoutToken()
    expect((await one.logOut(token)).status).toBe(200)
    expect((await two.logOut(token)).status).toBe(400)
    await one.program.stop()
    await one.program.start()
    expect((await one.logOut(token)).status).toBe(400)
  })

  test('counts once when it comes twenty times at the same moment to two gateways (B13)', async () => {
    await using provider = await startOpenidProvider()
    await using one = await startGateway(provider)
    await using two = await startGateway(provider, { DATA_DIR: one.folder })
    await Promise.all([one, two].map((gateway) => gateway.logOut(provider.logoutToken())))
    const token = await provider.logoutToken()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, number) => (number % 2 ? one : two).logOut(token)),
    )
    const counts = Map.groupBy(answers, ({ status }) => status)
    expect([counts.get(200)?.length, counts.get(400)?.length]).toEqual([1, 19])
  })

  test('is remembered for as long as it would be good, clocks that differ included (B13)', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider, jumpingClock(122))
    const now = Math.floor(Date.now() / 1000)
    const times = { iat: now + 3, exp: now + 1000 }
    const [used, unused] = [await provider.logoutToken(times), await provider.logoutToken(times)]
    expect((await gateway.logOut(used)).status).toBe(200)
    await gateway.later()
    expect((await gateway.logOut(used)).status).toBe(400)
    expect((await gateway.logOut(unused)).status).toBe(200)
  })

  test('is no other token: the identifier alone counts, not what else is in it (B13)', async () => {
    const browser = await logIn(provider, gateway, user, `first ${user}`)
    expect((await gateway.logOut(provider.logoutToken({ jti: `a ${user}`, sub: other }))).status).toBe(200)
    expect((await gateway.logOut(provider.logoutToken({ jti: `a ${user}`, sub: user }))).status).toBe(400)
    expect(await profile(browser)).toBe(200)
    expect((await gateway.logOut(provider.logoutToken({ jti: `b ${user}`, sub: user }))).status).toBe(200)
    expect(await profile(browser)).toBe(401)
  })
})

describe('a session that was ended by the provider', () => {
  test('does not take the next one along, in the same browser too (B22)', async () => {
    const browser = await logIn(provider, gateway, user, `first ${user}`)
    provider.user = { sub: user, sid: `second ${user}` }
    await gateway.login('/profile', browser)
    expect((await gateway.logOut(provider.logoutToken({ sub: user, sid: `first ${user}` }))).status).toBe(200)
    expect(await profile(browser)).toBe(200)
  })

  test('stays dead when its user logs in again, who then stays logged in (B23)', async () => {
    const old = [
      await logIn(provider, gateway, user, `first ${user}`),
      await logIn(provider, gateway, user, `second ${user}`),
    ]
    await gateway.logOut(provider.logoutToken({ sub: user }))
    const young = await logIn(provider, gateway, user, `first ${user}`)
    expect(await statuses([...old, young])).toEqual([401, 401, 200])
    // And no ticket that was shown meanwhile has changed that.
    expect(await statuses([...old, young])).toEqual([401, 401, 200])
  })

  test('has its refresh token revoked when its ticket is shown the next time', async () => {
    const before = provider.issued.length
    const browser = await logIn(provider, gateway, user, `first ${user}`)
    const refreshToken = provider.issued[before + 1]
    const revocations = () => provider.revoked.filter((token) => token === refreshToken).length
    await gateway.logOut(provider.logoutToken({ sub: user }))
    expect(revocations()).toBe(0)
    expect(await profile(browser)).toBe(401)
    await expect.poll(revocations).toBe(1)
    expect(await profile(browser)).toBe(401)
    expect(revocations()).toBe(1)
  })

  test('is not brought back by a request that was in flight (B24)', async () => {
    await using provider = await startOpenidProvider()
    const waiting: (() => void)[] = []
    const api = createServer((_req, res) => {
      waiting.push(() => res.setHeader('Content-Type', 'application/json').end('{}'))
      api.emit('asked')
    }).listen(0, '127.0.0.1')
    await once(api, 'listening')
    const { port } = api.address() as AddressInfo
    await using gateway = await startGateway(provider, { API_SERVER_URL: `http://127.0.0.1:${port}` })
    const browser = await logIn(provider, gateway, 'auth0|user', 'first')
    const asked = once(api, 'asked')
    const slow = browser.fetch('/api/messages/protected')
    await asked
    expect((await gateway.logOut(provider.logoutToken())).status).toBe(200)
    for (const answer of waiting) answer()
    const answer = await slow
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []])
    expect(await profile(browser)).toBe(401)
    api.close()
  })

  test('is not brought back by a refresh in flight, whose new refresh token is revoked (B24)', async () => {
    await using provider = await startOpenidProvider()
    provider.accessTokenSeconds = 1
    await using gateway = await startGateway(provider, jumpingClock(10))
    const browser = await logIn(provider, gateway, 'auth0|user', 'first')
    await gateway.later()
    const { promise, resolve } = Promise.withResolvers<void>()
    provider.beforeRefresh = promise
    const refreshing = () => provider.asked.filter((path) => path === '/token').length === 2
    const slow = browser.fetch('/api/messages/protected')
    await expect.poll(refreshing).toBe(true)
    await untilGatewayHasRead(gateway)
    expect((await gateway.logOut(provider.logoutToken({ sid: 'first' }))).status).toBe(200)
    resolve()
    const answer = await slow
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([401, []])
    const [, first, , , second] = provider.issued
    expect(provider.revoked).toEqual([second])
    expect(await profile(browser)).toBe(401)
    await expect.poll(() => provider.revoked).toEqual([second, first])
  })
})

describe('what the gateway cannot decide or do now', () => {
  test('is 503 while the keys are out of reach, and can be sent again (F11)', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider, jumpingClock(5))
    const browser = await logIn(provider, gateway, 'auth0|user', 'first')
    // A restart forgets the keys.
    await gateway.program.stop()
    await gateway.program.start()
    const token = await provider.logoutToken()
    provider.keySet = (_req, res) => res.writeHead(500).end()
    const answer = await gateway.logOut(token)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await profile(browser)).toBe(200)
    provider.keySet = undefined
    const jumps = gateway.program.log.length
    gateway.program.signal('SIGUSR2')
    await gateway.program.line((line) => 'jumps' in line && gateway.program.log.indexOf(line) >= jumps)
    expect((await gateway.logOut(token)).status).toBe(200)
    expect(await profile(browser)).toBe(401)
  })

  test('is 503 while the storage fails, and can be sent again (F13)', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider)
    const browser = await logIn(provider, gateway, 'auth0|user', 'first')
    const token = await provider.logoutToken()
    const file = openFile(gateway)
    // One after the other: no sessions to be found, no place to remember the token, no way to do so for good.
    for (const [begin, end] of [
      ['ALTER TABLE session RENAME TO away', 'ALTER TABLE away RENAME TO session'],
      ['ALTER TABLE lease RENAME TO away', 'ALTER TABLE away RENAME TO lease'],
    ] as const) {
      file.exec(begin)
      const answer = await gateway.logOut(token)
      file.exec(end)
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
      expect(answer.text).not.toMatch(/sqlite|table|session/i)
      expect(await profile(browser)).toBe(200)
    }
    expect((await gateway.logOut(token)).status).toBe(200)
    expect([(await gateway.logOut(token)).status, await profile(browser)]).toEqual([400, 401])
    file.close()
  })

  test('is 503 while the storage fails in the middle, and can be sent again ten seconds later (F13)', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider, jumpingClock(11))
    const browser = await logIn(provider, gateway, 'auth0|user', 'first')
    const token = await provider.logoutToken()
    const file = openFile(gateway)
    // The token is remembered, the sessions are not found, and the token cannot be forgotten: as after a crash.
    file.exec(`
      CREATE TRIGGER stuck BEFORE DELETE ON lease BEGIN SELECT RAISE(FAIL, 'stuck'); END;
      ALTER TABLE session RENAME TO away;
    `)
    expect((await gateway.logOut(token)).status).toBe(503)
    file.exec('DROP TRIGGER stuck; ALTER TABLE away RENAME TO session')
    file.close()
    expect(await profile(browser)).toBe(200)
    await gateway.later()
    expect((await gateway.logOut(token)).status).toBe(200)
    expect(await profile(browser)).toBe(401)
  })

  test('passes: keys that are exchanged while logout tokens arrive are noticed within half a minute (W11)', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider, jumpingClock(31))
    const browser = await logIn(provider, gateway, 'auth0|user', 'first')
    const second = await newKey('second')
    provider.keys = [second.jwk]
    const young = await provider.logoutToken({ sid: 'first' }, {}, second)
    const old = await provider.logoutToken()
    expect((await gateway.logOut(young)).status).toBe(400)
    expect(await profile(browser)).toBe(200)
    await gateway.later()
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () =>
        gateway.logOut(await provider.logoutToken({ sub: 'auth0|nobody' }, {}, second)),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await gateway.logOut(young)).status).toBe(200)
    expect(await profile(browser)).toBe(401)
    expect((await gateway.logOut(old)).status).toBe(400)
    expect(provider.keyFetches).toBe(2)
  })

  test('is not made worse by a flood: no keys fetched, nothing remembered, everybody served (B04, B27)', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider, { LOG_LEVEL: 'error' })
    const browser = await logIn(provider, gateway, 'auth0|user', 'first')
    const unknown = await newKey('unknown')
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, number) =>
        number % 2
          ? provider.logoutToken({}, { kid: `unknown-${number}` }, unknown)
          : provider.logoutToken({}, {}, { ...unknown, kid: 'first' }),
      ),
    )
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const post = async (token = '') => {
      const body = `logout_token=${token}`
      const answer = await fetch(`${gateway.url}/backchannel-logout`, { method: 'POST', headers: form, body })
      await answer.arrayBuffer()
      return answer.status
    }
    const flood = Array.from({ length: 20 }, async (_, lane) => {
      const seen = new Set<number>()
      for (let count = 0; count < 100; count += 1)
        seen.add(await post(tokens[(lane + count) % tokens.length]))
      return [...seen]
    })
    const during = await Promise.all(Array.from({ length: 20 }, () => profile(browser)))
    expect(new Set(during)).toEqual(new Set([200]))
    expect(new Set((await Promise.all(flood)).flat())).toEqual(new Set([400]))
    expect(provider.keyFetches).toBe(1)
    const file = openFile(gateway)
    expect(file.prepare('SELECT count(*) AS count FROM lease').get()?.count).toBe(0)
    file.close()
    expect((await gateway.logOut(provider.logoutToken())).status).toBe(200)
    expect(await profile(browser)).toBe(401)
  })
})

describe('with the embedded tenant', () => {
  const { gateway: client } = embeddedClients
  const api = async (browser: Browser) => (await browser.fetch('/api/messages/protected')).status

  test.each(['/v2/logout', '/oidc/logout'])(
    'a logout there at %s ends the session here, that of another browser goes on (B01)',
    async (path) => {
      await using stack = await startStack()
      const [browser, other] = [new Browser(stack.baseUrl), new Browser(stack.baseUrl)]
      await browser.login('user@example.com')
      await other.login('user@example.com')
      // What another application of the same browser does: it has the tenant's cookies, not ours.
      const elsewhere = new Browser(stack.tenantUrl)
      for (const cookie of await browser.jar.getCookies(stack.tenantUrl)) {
        await elsewhere.jar.setCookie(cookie.toString(), stack.tenantUrl)
      }
      const page = await elsewhere.request(`${path}?client_id=${client.id}`)
      if (path === '/oidc/logout') await elsewhere.submit(page, { logout: 'yes' })
      await stack.tenant.line(({ msg }) => msg === 'back-channel logout delivered')
      expect([await api(browser), await api(other)]).toEqual([401, 200])
      // Now that the ticket was shown, the tokens are worth nothing either.
      await stack.tenant.line(({ msg }) => msg === 'grant revoked')
      expect((await browser.login('user@example.com')).status).toBe(200)
      expect([await api(browser), await api(other)]).toEqual([200, 200])
    },
  )

  test('a logout here is told back by the tenant, which finds nothing left to end (B26)', async () => {
    await using stack = await startStack()
    const [browser, other] = [new Browser(stack.baseUrl), new Browser(stack.baseUrl)]
    await browser.login('user@example.com')
    await other.login('user@example.com')
    await browser.post(await browser.open('/'), '/logout')
    await stack.tenant.line(({ msg }) => msg === 'back-channel logout delivered')
    expect(await stack.bff.line(({ msg }) => msg === 'back-channel logout')).toMatchObject({ sessions: 0 })
    expect([await api(browser), await api(other)]).toEqual([401, 200])
  })
})
