import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Browser, send } from './support/browser.ts'
import { withGateway } from './support/other-gateway.ts'
import { freePorts } from './support/ports.ts'
import { hasRedisProgram, RedisServer } from './support/redis.ts'
import { type Stack, startStack } from './support/stack.ts'
import { workersOf } from './support/workers.ts'

const rate = 4
const status = async (base: string, path = '/login') =>
  (await fetch(base + path, { redirect: 'manual' })).status
/** Both loopback addresses are one client here, whichever of them `localhost` is. */
const key = 'cloakroom:count:*'

describe('with sessions in a file', () => {
  test('all gateways on it count together, with all of their processes', async () => {
    const ports = (await freePorts(1)).map(String)
    await using stack = await startStack({ LOGIN_RATE: '8', BFF_WORKERS: '2' })
    await withGateway(stack, { BFF_PORT: ports[0] ?? '' }, async () => {
      const other = `http://localhost:${ports[0]}`
      const login = async (base: string) => (await send(new URL('/login', base), 'GET', {})).status
      const statuses: number[] = []
      for (let times = 0; times < 4; times += 1) {
        for (const base of [stack.baseUrl, other, stack.baseUrl]) statuses.push(await login(base))
      }
      expect(statuses).toEqual([...Array(8).fill(302), ...Array(4).fill(429)])
      expect(workersOf(stack.bff)).toHaveLength(2)
    })
  })

  test('a file that cannot be written keeps nobody from logging in, and the log says so', async () => {
    await using stack = await startStack({ LOGIN_RATE: '1' })
    using file = stack.sessionsFile()
    file.exec('BEGIN EXCLUSIVE')
    for (let times = 0; times < 3; times += 1) expect(await status(stack.baseUrl)).toBe(302)
    file.exec('ROLLBACK')
    expect(await stack.bff.line(({ msg }) => msg === 'logins are not counted')).toMatchObject({
      level: 'error',
      err: { message: expect.stringContaining('locked') },
    })
    expect([await status(stack.baseUrl), await status(stack.baseUrl)]).toEqual([302, 429])
  })
})

describe.runIf(hasRedisProgram())('with sessions in Redis', () => {
  let redis: RedisServer
  let stack: Stack
  beforeAll(async () => {
    redis = await RedisServer.start()
    stack = await startStack({ SESSION_STORE: redis.url, LOGIN_RATE: String(rate) })
  })
  afterAll(async () => {
    await stack[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })
  const counts = async () => (await redis.command('KEYS', key)) as string[]
  beforeEach(async () => {
    await redis.command('FLUSHALL')
  })

  test('all gateways count together, and begin anew together (L23)', async () => {
    const [port = 0] = await freePorts(1)
    await withGateway(stack, { BFF_PORT: String(port) }, async () => {
      const other = `http://localhost:${port}`
      const four = [stack.baseUrl, other, stack.baseUrl, other]
      for (const base of four) expect(await status(base)).toBe(302)
      for (const base of four) expect(await status(base)).toBe(429)
      const [name = ''] = await counts()
      const milliseconds = Number(await redis.command('PTTL', name))
      expect(milliseconds).toBeGreaterThan(0)
      expect(milliseconds).toBeLessThanOrEqual(60_000)
      // Redis is the one that ends the window; it is made to do so now.
      await redis.command('PEXPIRE', name, '1')
      await vi.waitFor(async () => expect(await counts()).toEqual([]))
      expect([await status(other), await status(stack.baseUrl)]).toEqual([302, 302])
    })
  })

  test('a refusal leaves one number in Redis, and no session', async () => {
    for (let times = 0; times < 20; times += 1) await status(stack.baseUrl)
    expect(await redis.command('DBSIZE')).toBe(1)
    expect(await redis.command('GET', (await counts())[0] ?? '')).toBe('20')
  })

  test('a count that has lost its end gets one, instead of keeping its address out for ever', async () => {
    await status(stack.baseUrl)
    const [name = ''] = await counts()
    await redis.command('SET', name, '1000')
    expect(await status(stack.baseUrl)).toBe(429)
    expect(Number(await redis.command('PTTL', name))).toBeGreaterThan(0)
  })

  const faults = {
    killed: [() => redis.stop(), () => redis.start()],
    hung: [async () => redis.signal('SIGSTOP'), async () => redis.signal('SIGCONT')],
    full: [
      () => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
      () => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
    ],
  } as const
  test.each(Object.keys(faults) as (keyof typeof faults)[])(
    'a Redis that is %s keeps nobody from logging in, and the log says that logins are not counted',
    async (name) => {
      const [begin, end] = faults[name]
      const before = stack.bff.log.length
      await begin()
      try {
        for (let times = 0; times < rate * 2; times += 1) {
          const startedAt = performance.now()
          expect(await status(stack.baseUrl)).toBe(302)
          // The storage's half second, and a busy machine.
          expect(performance.now() - startedAt).toBeLessThan(5000)
        }
        const lines = stack.bff.log.slice(before).filter(({ msg }) => msg === 'logins are not counted')
        expect(lines.length).toBeGreaterThanOrEqual(rate)
        expect(lines[0]).toMatchObject({ level: 'error', err: { message: expect.any(String) } })
      } finally {
        await end()
      }
      await vi.waitFor(async () => expect(await status(stack.baseUrl, '/readyz')).toBe(200), 10_000)
      await redis.command('FLUSHALL')
      for (let times = 0; times < rate; times += 1) expect(await status(stack.baseUrl)).toBe(302)
      expect(await status(stack.baseUrl)).toBe(429)
    },
  )

  test('a gateway that was started before its Redis counts as soon as that is there', async () => {
    const [port = 0] = await freePorts(1)
    await redis.stop()
    await withGateway(stack, { BFF_PORT: String(port) }, async () => {
      const base = `http://localhost:${port}`
      expect(await status(base)).toBe(302)
      await redis.start()
      await vi.waitFor(async () => expect(await status(base, '/readyz')).toBe(200), 10_000)
      for (let times = 0; times < rate; times += 1) expect(await status(base)).toBe(302)
      expect(await status(base)).toBe(429)
    })
  })

  test('whoever is within the limit logs in as ever', async () => {
    const user = new Browser(stack.baseUrl)
    await vi.waitFor(async () => expect(await status(stack.baseUrl, '/readyz')).toBe(200), 10_000)
    expect((await user.login('user@example.com')).status).toBe(200)
    expect(await user.ticket()).toBeDefined()
  })
})
