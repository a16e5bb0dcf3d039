import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser, type Page, textOf } from './support/browser.ts'
import { type Stack, startStack } from './support/stack.ts'

const api = async (browser: Browser, name = 'protected') =>
  (await browser.fetch(`/api/messages/${name}`)).status
const health = async (stack: Stack) => {
  const [live, ready] = await Promise.all(
    ['/livez', '/readyz'].map((path) => fetch(stack.baseUrl + path).then(({ status }) => status)),
  )
  return { live, ready }
}

function expectOutage(page: Page): void {
  expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5'])
  expect(page.headers.get('cache-control')).toBe('no-store')
  expect(page.text).not.toMatch(/sqlite|session storage|database|locked|at \w+ \(/i)
}

describe.each([
  // In WAL mode this keeps writers out; readers go on.
  ['cannot be written: another program holds its lock (F19)', 'BEGIN EXCLUSIVE', 'ROLLBACK', true],
  // What an operator does who puts a backup back while the gateway runs.
  [
    'cannot be read or written: its table is away (F13)',
    'ALTER TABLE session RENAME TO away',
    'ALTER TABLE away RENAME TO session',
    false,
  ],
])('while the storage %s', (_fault, begin, end, readable) => {
  let stack: Stack
  let user: Browser
  let anonymous: Browser
  let other: DatabaseSync
  beforeAll(async () => {
    stack = await startStack()
  })
  afterAll(() => stack[Symbol.asyncDispose]())
  beforeEach(async () => {
    user = new Browser(stack.baseUrl)
    anonymous = new Browser(stack.baseUrl)
    await user.login('user@example.com')
    other = stack.sessionsFile()
  })
  /** Nothing has to be started again, and nobody has lost anything. */
  afterEach(async () => {
    other.close()
    expect(await health(stack)).toEqual({ live: 200, ready: 200 })
    expect(await api(user)).toBe(200)
    expect((await anonymous.login('admin@example.com')).status).toBe(200)
    await user.post(await user.open('/'), '/logout')
    expect(await api(user)).toBe(401)
    expect(stack.bff.log.filter(({ level }) => level === 'fatal')).toEqual([])
  })

  async function fault(during: () => Promise<void>): Promise<void> {
    other.exec(begin)
    try {
      await during()
    } finally {
      other.exec(end)
    }
  }

  test('an anonymous visitor sees the public pages, their files and the public message', () =>
    fault(async () => {
      for (const path of ['/', '/public', '/api/messages/public']) {
        expect([path, (await anonymous.fetch(path)).status]).toEqual([path, 200])
      }
      expect((await anonymous.request('/profile', { headers: { accept: 'text/html' } })).status).toBe(303)
      expect(await api(anonymous)).toBe(401)
      expect(await api(user, 'public')).toBe(200)
    }))

  test('the gateway is alive, and ready while it can read', () =>
    fault(async () => {
      expect(await health(stack)).toEqual({ live: 200, ready: readable ? 200 : 503 })
    }))

  test(`a visitor who is logged in gets ${readable ? 'everything' : '503, each kind of request in its own words'}`, () =>
    fault(async () => {
      const answer = await user.fetch('/api/messages/protected')
      const page = await user.open('/profile')
      const part = await user.swap('/protected')
      expect([answer.status, page.status, part.status]).toEqual(Array(3).fill(readable ? 200 : 503))
      if (readable) return
      for (const each of [answer, page, part]) expectOutage(each)
      expect(answer.text).toBe('{"message":"Service Unavailable"}')
      expect(textOf(page.text, 'h1')).toBe('Service Unavailable')
      expect(part.text).toContain('Service Unavailable')
      expect(part.text).not.toMatch(/<html|<body/)
    }))

  test('logging out is 503 with the cookie kept, and revokes nothing', () =>
    fault(async () => {
      const ticket = await user.ticket()
      const revoked = () => stack.tenant.log.filter(({ msg }) => msg === 'grant revoked').length
      const before = revoked()
      expectOutage(await user.sendForm('/logout'))
      expectOutage(await user.sendForm('/logout', { headers: { accept: '*/*', 'sec-fetch-mode': 'cors' } }))
      expect(await user.ticket()).toBe(ticket)
      expect(revoked()).toBe(before)
    }))

  test('logging in is 503, and never half a session (F16)', async () => {
    await fault(async () => {
      const page = await anonymous.login('admin@example.com')
      expect(page.url.pathname).toBe('/callback')
      expectOutage(page)
      expect(await anonymous.ticket()).toBeUndefined()
    })
    expect(await api(anonymous)).toBe(401)
    expect((await anonymous.open('/')).status).toBe(200)
  })

  test('logging in again is 503, and who was logged in stays so', () =>
    fault(async () => {
      const ticket = await user.ticket()
      expectOutage(await user.login('admin@example.com'))
      expect(await user.ticket()).toBe(ticket)
    }))
})

describe('an access token that is due while the storage cannot be written', () => {
  let stack: Stack
  let user: Browser
  let other: DatabaseSync
  beforeEach(async () => {
    stack = await startStack({ TENANT_ACCESS_TOKEN_SECONDS: '1' })
    user = new Browser(stack.baseUrl)
    await user.login('user@example.com')
    other = stack.sessionsFile()
    await wait(1100)
  })
  afterEach(async () => {
    other.close()
    await stack[Symbol.asyncDispose]()
  })
  const refused = () =>
    stack.tenant.log.filter(({ grant, msg }) => grant === 'refresh_token' && msg === 'grant refused')

  test('is not refreshed: what came back would be lost, and the visitor with it (F19)', async () => {
    other.exec('BEGIN EXCLUSIVE')
    expectOutage(await user.fetch('/api/messages/protected'))
    expectOutage(await user.open('/protected'))
    expect(stack.refreshes()).toBe(0)
    other.exec('ROLLBACK')
    expect(await api(user)).toBe(200)
    expect(stack.refreshes()).toBe(1)
  })

  test('is saved a little later when the lock comes in the middle of its refresh (F19)', async () => {
    stack.tenant.signal('SIGSTOP')
    const slow = user.fetch('/api/messages/protected')
    await untilGatewayHasRead(stack)
    other.exec('BEGIN EXCLUSIVE')
    stack.tenant.signal('SIGCONT')
    await stack.bff.line(({ msg }) => msg === 'a refreshed grant could not be saved; trying again')
    other.exec('ROLLBACK')
    expect((await slow).status).toBe(200)
    // The refresh token that was rotated is kept: with the old one this would end the grant.
    await wait(1100)
    expect(await api(user)).toBe(200)
    expect([stack.refreshes(), refused()]).toEqual([2, []])
  })
})

test('a session that is due to be extended serves while that cannot be written, and is extended later', async () => {
  await using stack = await startStack({ SESSION_IDLE_SECONDS: '12' })
  const user = new Browser(stack.baseUrl)
  await user.login('user@example.com')
  const other = stack.sessionsFile()
  const expiry = () => Number(other.prepare('SELECT expires_at FROM session').get()?.expires_at)
  const before = expiry()
  // Half of the idle lifetime: from then on a request extends it.
  await wait(6000)
  other.exec('BEGIN EXCLUSIVE')
  expect(await api(user)).toBe(200)
  other.exec('ROLLBACK')
  expect(stack.bff.log.some(({ msg }) => msg === 'a session could not be extended')).toBe(true)
  expect(expiry()).toBe(before)
  expect(await api(user)).toBe(200)
  expect(expiry()).toBeGreaterThan(before)
  other.close()
})

test('an answer that is on its way is whole, whatever the storage does meanwhile (F18)', async () => {
  const parts = Array.from({ length: 20 }, (_, index) => `${index}`.repeat(10_000))
  const upstream = createServer((_req, res) => {
    const rest = [...parts]
    res.setHeader('Content-Type', 'application/json')
    const more = () => {
      const part = rest.shift()
      if (rest.length === 10) upstream.emit('half')
      if (part === undefined) res.end()
      else res.write(part, () => setTimeout(more, 20))
    }
    more()
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const { port } = upstream.address() as AddressInfo
  await using stack = await startStack({ API_SERVER_URL: `http://127.0.0.1:${port}` })
  const user = new Browser(stack.baseUrl)
  await user.login('user@example.com')
  const other = stack.sessionsFile()
  /** The visitor was away for two minutes: the next request comes with a write. */
  const beAway = () =>
    other.exec('UPDATE session SET seen_at = seen_at - 120000, expires_at = expires_at - 120000')
  for (const [begin, end] of [
    ['BEGIN EXCLUSIVE', 'ROLLBACK'],
    ['ALTER TABLE session RENAME TO away', 'ALTER TABLE away RENAME TO session'],
  ] as const) {
    beAway()
    const half = once(upstream, 'half')
    const slow = user.fetch('/api/messages/protected')
    await half
    other.exec(begin)
    const { status, text, headers } = await slow
    other.exec(end)
    expect([status, text.length, headers.getSetCookie()]).toEqual([200, parts.join('').length, []])
  }
  // The other way round, the write fails first.
  beAway()
  other.exec('BEGIN EXCLUSIVE')
  const { status, text } = await user.fetch('/api/messages/protected')
  other.exec('ROLLBACK')
  expect([status, text.length]).toEqual([200, parts.join('').length])
  expect(stack.bff.log.some(({ msg }) => msg === 'a session could not be extended')).toBe(true)
  other.close()
  upstream.close()
})

/** The gateway reads requests in the order in which they come: what was sent before has been taken up. */
async function untilGatewayHasRead(stack: Stack): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await fetch(`${stack.baseUrl}/livez`)
}
