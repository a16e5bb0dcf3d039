import { createClient } from '@redis/client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Browser, type Page } from './support/browser.ts'
import { search } from './support/proof/matcher.ts'
import { hasRedisProgram, RedisServer } from './support/redis.ts'
import { type Stack, startStack } from './support/stack.ts'

const there = hasRedisProgram()

/** The whole stack on a Redis that is killed, hangs or is full. What each storage does by itself is elsewhere. */
const api = async (browser: Browser, name = 'protected') =>
  (await browser.fetch(`/api/messages/${name}`)).status
const status = async (stack: Stack, path: string) => (await fetch(stack.baseUrl + path)).status
const untilReady = (stack: Stack) =>
  vi.waitFor(async () => expect(await status(stack, '/readyz')).toBe(200), { timeout: 30_000, interval: 50 })

function expectOutage(page: Page): void {
  expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5'])
  expect(page.headers.get('cache-control')).toBe('no-store')
  expect(page.text).not.toMatch(/redis|session storage|ECONN|at \w+ \(/i)
}

/** Nobody waits for more than a second. */
async function within<Result>(work: Promise<Result>): Promise<Result> {
  const start = performance.now()
  const result = await work
  expect(performance.now() - start).toBeLessThan(5000)
  return result
}

describe.runIf(there)('while Redis', () => {
  let redis: RedisServer
  let stack: Stack
  let user: Browser
  let anonymous: Browser
  beforeAll(async () => {
    redis = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always')
    stack = await startStack({ SESSION_STORE: redis.url })
  })
  afterAll(async () => {
    await stack[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    user = new Browser(stack.baseUrl)
    anonymous = new Browser(stack.baseUrl)
    await user.login('user@example.com')
  })
  /** Nothing has to be started again but Redis, and nobody has lost anything. */
  afterEach(async () => {
    await untilReady(stack)
    expect(await api(user)).toBe(200)
    expect((await user.open('/profile')).status).toBe(200)
    expect((await anonymous.login('admin@example.com')).status).toBe(200)
    await user.post(await user.open('/'), '/logout')
    expect(await api(user)).toBe(401)
    expect(stack.bff.log.filter(({ level }) => level === 'fatal')).toEqual([])
  })

  async function expectOutageOfSessionsOnly(): Promise<void> {
    // Each by itself: whoever comes first must not be the only one that is quick or slow.
    for (const path of ['/', '/public', '/api/messages/public']) {
      expect([path, (await within(anonymous.fetch(path))).status]).toEqual([path, 200])
    }
    expect(await within(api(anonymous))).toBe(401)
    expectOutage(await within(user.fetch('/api/messages/protected')))
    expectOutage(await within(user.open('/profile')))
    expectOutage(await within(user.swap('/protected')))
    expect([await within(status(stack, '/livez')), await within(status(stack, '/readyz'))]).toEqual([
      200, 503,
    ])
    const ticket = await user.ticket()
    expectOutage(await within(user.sendForm('/logout')))
    expect(await user.ticket()).toBe(ticket)
  }

  async function expectNoLogin(): Promise<void> {
    const page = await anonymous.login('admin@example.com')
    expect(page.url.pathname).toBe('/callback')
    expectOutage(page)
    expect(await anonymous.ticket()).toBeUndefined()
  }

  /** Ends the fault whatever comes out: the next test begins with a Redis that works. */
  async function fault(begin: () => unknown, end: () => unknown, during: () => Promise<void>): Promise<void> {
    await begin()
    try {
      await during()
    } finally {
      await end()
    }
  }
  const whileKilled = (during: () => Promise<void>) =>
    fault(
      () => redis.stop('SIGKILL'),
      () => redis.start(),
      during,
    )
  const whileHung = (during: () => Promise<void>) =>
    fault(
      () => redis.signal('SIGSTOP'),
      () => redis.signal('SIGCONT'),
      during,
    )
  const whileFull = (during: () => Promise<void>) =>
    fault(
      () => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
      () => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
      during,
    )
  const whileReplica = (during: () => Promise<void>) =>
    fault(
      () => redis.command('REPLICAOF', '127.0.0.1', '1'),
      () => redis.command('REPLICAOF', 'NO', 'ONE'),
      during,
    )

  test('is killed, what needs a session is 503 at once, and nobody is logged out (F13, F14)', () =>
    whileKilled(async () => {
      await expectOutageOfSessionsOnly()
      await expectNoLogin()
    }))

  test('hangs, what needs a session is 503 soon, and nobody is logged out (F15)', () =>
    whileHung(async () => {
      await expectOutageOfSessionsOnly()
      await expectNoLogin()
    }))

  test('hangs, fifty requests at once are 503 soon (F15)', () =>
    whileHung(async () => {
      const all = Array.from({ length: 50 }, () => api(user))
      expect(new Set(await within(Promise.all(all)))).toEqual(new Set([503]))
    }))

  test('is full, who is logged in goes on, and a login is never half a session (F16)', () =>
    whileFull(async () => {
      expect(await api(user)).toBe(200)
      await expectNoLogin()
      expect([await status(stack, '/livez'), await status(stack, '/readyz')]).toEqual([200, 200])
    }))

  test('is full, logging out works', async () => {
    const other = new Browser(stack.baseUrl)
    await other.login('admin@example.com')
    await whileFull(async () => {
      await other.post(await other.open('/'), '/logout')
      expect(await api(other)).toBe(401)
    })
  })

  test('is a replica, who is logged in goes on, and a login is never half a session (F16)', () =>
    whileReplica(async () => {
      expect(await api(user)).toBe(200)
      await expectNoLogin()
    }))
})

test.runIf(there)('a Redis that has lost its data costs a login, and no error page (F14)', async () => {
  await using redis = await RedisServer.start()
  await using stack = await startStack({ SESSION_STORE: redis.url })
  const user = new Browser(stack.baseUrl)
  await user.login('user@example.com')
  await redis.stop('SIGKILL')
  await redis.start()
  await untilReady(stack)
  expect(await api(user)).toBe(401)
  expect((await user.open('/')).status).toBe(200)
  expect((await user.login('user@example.com')).status).toBe(200)
  expect(await api(user)).toBe(200)
})

test.runIf(there)(
  'a Redis that throws sessions away for want of memory costs a login, and no error page (F16)',
  async () => {
    await using redis = await RedisServer.start('--maxmemory-policy', 'allkeys-lru')
    await using stack = await startStack({ SESSION_STORE: redis.url })
    const user = new Browser(stack.baseUrl)
    await user.login('user@example.com')
    const info = String(await redis.command('INFO', 'memory'))
    const used = Number(/used_memory:(\d+)/.exec(info)?.[1])
    await redis.command('CONFIG', 'SET', 'maxmemory', String(used + 3_000_000))
    const rows = (await redis.command('KEYS', 'cloakroom:session:*')) as string[]
    expect(rows).toHaveLength(1)
    // What else is kept there, until the session has to make room for it.
    for (let key = 0; Number(await redis.command('EXISTS', ...rows)) > 0; key += 1) {
      await redis.command('SET', `other:${key}`, 'x'.repeat(200_000))
    }
    expect(await api(user)).toBe(401)
    const page = await user.request('/profile', { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login?returnTo=%2Fprofile'])
    expect((await user.open('/')).status).toBe(200)
    expect((await user.login('user@example.com')).status).toBe(200)
    expect(await api(user)).toBe(200)
    await user.post(await user.open('/'), '/logout')
    expect(await api(user)).toBe(401)
    expect(stack.bff.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  },
)

test.runIf(there)('a gateway starts without its Redis, and is ready once that is there (F12)', async () => {
  await using redis = await RedisServer.start()
  await redis.stop()
  await using stack = await startStack({ SESSION_STORE: redis.url })
  const user = new Browser(stack.baseUrl)
  expect([await status(stack, '/livez'), await status(stack, '/readyz')]).toEqual([200, 503])
  expect(await status(stack, '/')).toBe(200)
  expectOutage(await user.login('user@example.com'))
  await redis.start()
  await untilReady(stack)
  expect((await user.login('user@example.com')).status).toBe(200)
  expect(await api(user)).toBe(200)
})

describe.runIf(there)('a gateway that is stopped', () => {
  test.each(['SIGCONT', 'SIGSTOP', 'SIGKILL'] as const)('ends with 0 when Redis got %s', async (signal) => {
    await using redis = await RedisServer.start()
    await using stack = await startStack({ SESSION_STORE: redis.url })
    await new Browser(stack.baseUrl).login('user@example.com')
    redis.signal(signal)
    expect(await within(stack.bff.stop('SIGTERM'))).toBe(0)
  })
})

test.runIf(there)('Redis sees no token, claim or ticket, and keeps none (I09, I10)', async () => {
  await using redis = await RedisServer.start('--appendonly', 'yes')
  await using stack = await startStack({ SESSION_STORE: redis.url, TENANT_ACCESS_TOKEN_SECONDS: '1' })
  const monitor = createClient({ url: redis.url })
  await monitor.connect()
  const seen: string[] = []
  await monitor.monitor((line) => seen.push(String(line)))
  const user = new Browser(stack.baseUrl)
  await user.login('user@example.com')
  const ticket = (await user.ticket()) ?? ''
  expect(await api(user)).toBe(200)
  await vi.waitFor(
    async () => {
      expect(await api(user)).toBe(200)
      expect(stack.refreshes()).toBeGreaterThan(0)
    },
    { timeout: 30_000, interval: 100 },
  )
  await user.open('/profile')
  const rows = await redis.command('KEYS', 'cloakroom:*')
  const kept: unknown[] = []
  for (const key of Array.isArray(rows) ? rows.map(String) : []) kept.push(await redis.command('DUMP', key))
  await user.post(await user.open('/'), '/logout')
  expect(await api(user)).toBe(401)
  monitor.destroy()

  const text = [...seen, ...kept.map(String)].join('\n')
  // What was written down is what happened: the row's life from login to logout.
  for (const operation of [/hmget/i, /evalsha.*cloakroom:session:/i, /lua.*HSET/i, /lua.*DEL/i]) {
    expect(text).toMatch(operation)
  }
  const issued = stack.issuedTokens()
  expect(issued.length).toBeGreaterThan(5)
  expect(search([{ where: 'Redis', text }], [...issued, { kind: 'ticket', value: ticket }])).toEqual([])
  for (const word of ['user@example.com', 'auth0|', 'Passw0rd!', '"sub"', 'accessToken', 'userAgent']) {
    expect(text.includes(word), word).toBe(false)
  }
  // The same search finds what is there.
  const planted = [{ where: 'Redis', text: `${text} ${ticket}` }]
  expect(search(planted, [{ kind: 'ticket', value: ticket }])).toHaveLength(1)
})
