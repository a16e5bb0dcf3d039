import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { openStorage } from '../bff/session/open-storage.ts'
import { createSessions } from '../bff/session/sessions.ts'
import { newTicket } from '../bff/session/ticket.ts'
import { embeddedClients } from '../shared/identity-provider.ts'
import { createLog } from '../shared/log.ts'
import { Browser, navigationHeaders } from './support/browser.ts'
import { withGateway } from './support/other-gateway.ts'
import { type Stack, startStack } from './support/stack.ts'

const { gateway: client } = embeddedClients
const api = async (browser: Browser) => (await browser.fetch('/api/messages/protected')).status

async function loggedIn(stack: Stack, email = 'user@example.com'): Promise<Browser> {
  const browser = new Browser(stack.baseUrl)
  await browser.login(email)
  return browser
}

/** The expiry of the one row in the file of the sessions. */
function expiryInFile(stack: Stack): number {
  const database = stack.sessionsFile()
  const row = database.prepare('SELECT expires_at FROM session').get()
  database.close()
  return Number(row?.expires_at)
}

describe('the idle lifetime', () => {
  test('is extended by every kind of request, and ends a session that makes none (S20)', async () => {
    await using stack = await startStack({ SESSION_IDLE_SECONDS: '6' })
    const browser = await loggedIn(stack)
    const until = Date.now() + 9000
    const paths = ['/api/messages/protected', '/', '/profile']
    for (let count = 0; Date.now() < until; count += 1) {
      const path = paths[count % paths.length] ?? '/'
      expect([path, (await browser.fetch(path)).status]).toEqual([path, 200])
      await wait(300)
    }
    await wait(6000)
    const [answer, part, page, start] = [
      await browser.fetch('/api/messages/protected'),
      await browser.swap('/profile'),
      await browser.request('/profile', { headers: navigationHeaders }),
      await browser.open('/'),
    ]
    expect([answer.status, part.status, page.status, start.status]).toEqual([401, 401, 303, 200])
    expect(page.headers.get('location')).toBe('/login?returnTo=%2Fprofile')
    expect(part.headers.get('hx-redirect')).toBe('/login?returnTo=%2Fprofile')
    expect(start.text).not.toContain('/logout')
    // The cookie is still there; it stands in nobody's way.
    expect((await browser.login('user@example.com')).status).toBe(200)
    expect(await api(browser)).toBe(200)
  })
})

describe('the absolute lifetime', () => {
  test('ends a session whatever happens, in the cookie, the row and what is sealed (S20)', async () => {
    await using stack = await startStack({ SESSION_IDLE_SECONDS: '4', SESSION_ABSOLUTE_SECONDS: '6' })
    const before = Date.now()
    const browser = await loggedIn(stack)
    const after = Date.now()
    const [cookie] = await browser.jar.getCookies(stack.baseUrl)
    const expires = cookie?.expiryTime() ?? 0
    // Dates of cookies are whole seconds.
    expect(expires).toBeGreaterThanOrEqual(before + 5000)
    expect(expires).toBeLessThanOrEqual(after + 6000)
    // A copy that never forgets its cookie.
    const headers = { cookie: await browser.jar.getCookieString(stack.baseUrl) }
    const copy = new Browser(stack.baseUrl)
    const status = async () => (await copy.fetch('/api/messages/protected', { headers })).status

    let last = Date.now()
    while ((await status()) === 200 && last < after + 10_000) {
      await wait(200)
      last = Date.now()
    }
    expect(Date.now()).toBeGreaterThanOrEqual(before + 6000)
    expect(last).toBeLessThanOrEqual(after + 8000)
    expect(expiryInFile(stack)).toBeGreaterThanOrEqual(before + 6000)
    expect(expiryInFile(stack)).toBeLessThanOrEqual(after + 6000)

    const database = stack.sessionsFile()
    database.exec('UPDATE session SET expires_at = expires_at + 3600000')
    database.close()
    expect(await status()).toBe(401)
  })
})

test('a row does not outlive its session when the idle lifetime is the longer one (S20)', async () => {
  await using stack = await startStack({ SESSION_IDLE_SECONDS: '600', SESSION_ABSOLUTE_SECONDS: '60' })
  await loggedIn(stack)
  expect(expiryInFile(stack)).toBeLessThanOrEqual(Date.now() + 60_000)
})

describe('a change of the secret by a restart (S21)', () => {
  const oldSecret = 'old-secret-of-32-characters-or-more'
  const newSecret = 'new-secret-of-32-characters-or-more'

  test('keeps everybody logged in while the old one is in the ring, and later who came by meanwhile', async () => {
    await using stack = await startStack({ SESSION_SECRET: oldSecret })
    const [old, away] = [await loggedIn(stack), await loggedIn(stack)]
    await stack.bff.stop()

    await withGateway(stack, { SESSION_SECRET: `${newSecret},${oldSecret}` }, async () => {
      expect(await api(old)).toBe(200)
      expect((await old.open('/profile')).text).toContain('user@example.com')
    })
    const young = new Browser(stack.baseUrl)
    await withGateway(stack, { SESSION_SECRET: `${newSecret}, ${oldSecret}` }, async () => {
      await young.login('admin@example.com')
    })
    await withGateway(stack, { SESSION_SECRET: newSecret }, async (gateway) => {
      expect([await api(old), await api(away), await api(young)]).toEqual([200, 401, 200])
      expect((await away.open('/')).status).toBe(200)
      // A row that nobody can open any more is neither an attack nor an error.
      expect(gateway.log.filter(({ level }) => level !== 'info')).toEqual([])
      expect((await away.login('user@example.com')).status).toBe(200)
      expect(await api(away)).toBe(200)
    })
  })

  test('a session that is refreshed under the new one no longer needs the old one', async () => {
    await using stack = await startStack({ SESSION_SECRET: oldSecret, TENANT_ACCESS_TOKEN_SECONDS: '1' })
    const browser = await loggedIn(stack)
    await stack.bff.stop()
    await wait(1100)
    await withGateway(stack, { SESSION_SECRET: `${newSecret},${oldSecret}` }, async () => {
      expect(await api(browser)).toBe(200)
    })
    await withGateway(stack, { SESSION_SECRET: newSecret }, async () => {
      expect(await api(browser)).toBe(200)
    })
  })

  test('a login that was begun under the old one is finished under both', async () => {
    await using stack = await startStack({ SESSION_SECRET: oldSecret })
    const browser = new Browser(stack.baseUrl)
    const form = await browser.open('/login?returnTo=/profile')
    await stack.bff.stop()
    await withGateway(stack, { SESSION_SECRET: `${newSecret},${oldSecret}` }, async () => {
      const page = await browser.submit(form, { email: 'user@example.com', password: 'Passw0rd!' })
      expect([page.status, page.url.pathname]).toEqual([200, '/profile'])
    })
  })
})

/** Sessions in memory with one that has just begun, and a clock to move. */
async function sessionWithClock(idleSeconds: number, absoluteSeconds: number) {
  vi.useFakeTimers({ toFake: ['Date'] })
  const log = await createLog('test', 'silent')
  const storage = await openStorage('memory:', log)
  const unused = () => Promise.reject(new Error('nothing to ask'))
  const sessions = createSessions({
    storage,
    secrets: ['secret-of-32-characters-or-even-more'],
    issuer: 'https://issuer.example/',
    clientId: 'client',
    idleSeconds,
    absoluteSeconds,
    provider: { refresh: unused, revoke: unused, endSessionEndpoint: unused },
    log,
  })
  const [ticket, start] = [newTicket(), Date.now()]
  await sessions.begin(ticket, { sub: 'x' }, { accessToken: 'access' }, 'browser')
  return {
    /** Its visitor asks for something so many seconds after the login. */
    askAt: (seconds: number) => {
      vi.setSystemTime(start + seconds * 1000)
      return sessions.find(ticket)
    },
    async [Symbol.asyncDispose]() {
      await storage.close()
      vi.useRealTimers()
    },
  }
}

test('who is there at the last extension stays until the absolute end', async () => {
  await using session = await sessionWithClock(1000, 1030)
  for (const [at, found] of [
    [999, true],
    [1029, true],
    [1030, false],
  ] as const) {
    expect([at, (await session.askAt(at)) !== undefined]).toEqual([at, found])
  }
})

test('a session is seen to the minute, its last half hour included, and written no oftener', async () => {
  await using session = await sessionWithClock(1800, 3600)
  const start = Date.now()
  const seenAt = async (seconds: number) => {
    const visitor = await session.askAt(seconds)
    const [row] = (await visitor?.sessions()) ?? []
    return ((row?.seenAt ?? Number.NaN) - start) / 1000
  }
  for (let minute = 1; minute < 60; minute += 1) {
    expect(await seenAt(minute * 60)).toBe(minute * 60)
    expect(await seenAt(minute * 60 + 59)).toBe(minute * 60)
  }
})

test('a row in a format that only a later gateway knows is nobody’s session, and no error (F41)', async () => {
  await using stack = await startStack()
  const browser = await loggedIn(stack)
  const database = stack.sessionsFile()
  const { sealed } = database.prepare('SELECT sealed FROM session').get() ?? {}
  const later = Buffer.from(sealed as Uint8Array)
  later[0] = 2
  database.prepare('UPDATE session SET sealed = ?').run(later)
  expect(await api(browser)).toBe(401)
  expect((await browser.open('/')).status).toBe(200)
  // It stays for the gateway that made it.
  expect(database.prepare('SELECT sealed FROM session').get()?.sealed).toEqual(new Uint8Array(later))
  database.close()
  expect((await browser.login('user@example.com')).status).toBe(200)
  expect(await api(browser)).toBe(200)
})

test('a session of one provider or client is nobody’s in a gateway for another one', async () => {
  await using stack = await startStack()
  const browser = await loggedIn(stack)
  await stack.bff.stop()
  for (const [issuer, id, status] of [
    [`${stack.tenantUrl}/`, client.id, 200],
    [`${stack.tenantUrl}/`, 'other', 401],
    [`${stack.tenantUrl}/other/`, client.id, 401],
  ] as const) {
    const settings = { ISSUER_URL: issuer, AUTH0_CLIENT_ID: id, AUTH0_CLIENT_SECRET: client.secret }
    await withGateway(stack, settings, async () => {
      const found = await browser.request('/profile', { headers: { accept: '*/*' } })
      expect([issuer, id, found.status]).toEqual([issuer, id, status])
    })
  }
})
