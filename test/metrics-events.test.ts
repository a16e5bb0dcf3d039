import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Browser, formHeaders } from './support/browser.ts'
import { risen, scrape } from './support/metrics.ts'
import { freePorts } from './support/ports.ts'
import { type Proxied, startProxied } from './support/proxied.ts'

let all: Proxied
let port: number
let users = 0
beforeAll(async () => {
  ;[port = 0] = await freePorts(1)
  all = await startProxied({ BFF_METRICS_PORT: String(port) })
})
afterAll(() => all[Symbol.asyncDispose]())

const ask = () => scrape(all.gateway.program, port)
const during = (name: string, label: string, work: () => Promise<unknown>) => risen(ask, [name, label], work)
const logins = (work: () => Promise<unknown>) => during('cloakroom_logins_total', 'outcome', work)
const refreshes = (work: () => Promise<unknown>) => during('cloakroom_refreshes_total', 'outcome', work)
const ends = (work: () => Promise<unknown>) => during('cloakroom_sessions_ended_total', 'reason', work)
/** Somebody who was never here before. */
const newUser = () => {
  users += 1
  all.provider.user = { sub: `auth0|user-${users}`, sid: `login-${users}` }
  return all.gateway.login('/')
}
/** The address that the provider sends a browser back to, with a code. */
async function callbackOf(browser: Browser): Promise<string> {
  const begun = await browser.request('/login')
  const answer = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' })
  return answer.headers.get('location') ?? ''
}
const anonymous = () => new Browser(all.url)

describe('a login is counted when it is begun, and by what becomes of it:', () => {
  test('a success, and nothing more when it is shown again', async () => {
    expect(await logins(newUser)).toEqual({ begun: 1, succeeded: 1 })
  })

  test('a callback that nobody waits for is lost', async () => {
    expect(await logins(() => anonymous().open('/callback?state=x&code=y'))).toEqual({ lost: 1 })
  })

  test('a user who cancels', async () => {
    const browser = anonymous()
    const callback = new URL(await callbackOf(browser))
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    expect(await logins(() => browser.open(callback))).toEqual({ cancelled: 1 })
  })

  test('a provider whose ID token is for somebody else has failed', async () => {
    const { makeIdToken } = all.provider
    all.provider.makeIdToken = (claims) => makeIdToken({ ...claims, azp: 'another' })
    expect(await logins(newUser)).toEqual({ begun: 1, failed: 1 })
    all.provider.makeIdToken = makeIdToken
  })

  test('a provider that is away', async () => {
    const browser = anonymous()
    const callback = await callbackOf(browser)
    await all.provider.stop()
    expect(await logins(() => browser.open(callback))).toEqual({ away: 1 })
    await all.provider.goOn()
  })

  test('a storage that cannot keep the session: unsaved', async () => {
    const browser = anonymous()
    const callback = await callbackOf(browser)
    const database = new DatabaseSync(`${all.gateway.folder}/sessions.db`)
    database.exec('ALTER TABLE session RENAME TO away')
    expect(await logins(() => browser.open(callback))).toEqual({ unsaved: 1 })
    database.exec('ALTER TABLE away RENAME TO session')
    database.close()
  })
})

describe('a refresh is counted by its outcome:', () => {
  /** A visitor whose access token has just a moment. */
  async function briefUser(): Promise<Browser> {
    all.provider.accessTokenSeconds = 1
    const user = await newUser()
    all.provider.accessTokenSeconds = 3600
    return user
  }
  const untilAsked = async (user: Browser) => {
    const before = all.provider.refreshes
    while (all.provider.refreshes === before) await user.fetch('/api/own')
  }

  test('refreshed, and shared by whoever asks meanwhile', async () => {
    const user = await briefUser()
    const { promise, resolve } = Promise.withResolvers<void>()
    all.provider.beforeRefresh = promise
    const rises = await refreshes(async () => {
      const before = all.provider.refreshes
      const requests: Promise<unknown>[] = []
      // Until the token is due; from then on all of them wait.
      await vi.waitFor(() => {
        requests.push(user.fetch('/api/own'))
        expect(all.provider.refreshes).toBe(before + 1)
      }, 20_000)
      requests.push(user.fetch('/api/own'))
      await vi.waitFor(async () => {
        expect((await ask()).sum('cloakroom_refreshes_total', { outcome: 'shared' })).toBeGreaterThan(0)
      }, 20_000)
      resolve()
      await Promise.all(requests)
    })
    expect(rises).toEqual({ refreshed: 1, shared: expect.any(Number) })
  })

  test('failed, while the provider has trouble', async () => {
    const user = await briefUser()
    all.provider.refreshing = (_req, res) => void res.writeHead(500).end()
    const rises = await refreshes(() => untilAsked(user))
    expect(rises).toEqual({ failed: expect.any(Number) })
    all.provider.refreshing = undefined
  })

  test('ended, with the session', async () => {
    const user = await briefUser()
    all.provider.refreshing = (_req, res) => {
      res.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}')
    }
    let reasons: unknown
    expect(
      await refreshes(async () => {
        reasons = await ends(() => untilAsked(user))
      }),
    ).toEqual({ ended: 1 })
    expect(reasons).toEqual({ 'grant ended': 1 })
    all.provider.refreshing = undefined
  })
})

describe('a session that ends is counted by the reason:', () => {
  test('a logout, once', async () => {
    const user = await newUser()
    const ticket = await user.jar.getCookieString(all.url)
    const page = await user.open('/')
    expect(await ends(() => user.post(page, '/logout'))).toEqual({ logout: 1 })
    const headers = { cookie: ticket, ...formHeaders(all.url) }
    expect(await ends(() => user.sendForm('/logout', { headers }))).toEqual({})
  })

  test('another login in the same browser', async () => {
    const user = await newUser()
    expect(await ends(() => all.gateway.login('/', user))).toEqual({ 'new login': 1 })
  })

  test('a logout at the provider, each session of it', async () => {
    const user = await newUser()
    await all.gateway.login('/')
    const { sub } = all.provider.user
    const token = all.provider.logoutToken({ sub })
    expect(await ends(() => all.gateway.logOut(token))).toEqual({ 'back-channel logout': 2 })
    // Its row goes with the next request, which is no end of a session any more.
    expect(await ends(() => user.open('/'))).toEqual({})
  })

  test('its user, in another browser', async () => {
    await newUser()
    await all.gateway.login('/')
    const user = await all.gateway.login('/sessions')
    const page = await user.open('/sessions')
    const fields = new URLSearchParams({ session: 'others' })
    expect(await ends(() => user.post(page, '/sessions/end', fields))).toEqual({ 'by its user': 2 })
  })
})
