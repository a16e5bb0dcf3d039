import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countInMemory } from '../shared/request-counts.ts'
import { Browser, navigationHeaders, type Page, send, textOf } from './support/browser.ts'
import { atOnce, megabytesInUse } from './support/crowd.ts'
import { movedClock } from './support/issuer.ts'
import { type Stack, startStack } from './support/stack.ts'

const rate = 5
const settings = { LOGIN_RATE: String(rate) }
const proxied = { ...settings, TRUST_PROXY: '127.0.0.1,::1' }

const ask = ({ baseUrl }: Stack, path: string, headers: Readonly<Record<string, string>> = {}) =>
  send(new URL(path, baseUrl), 'GET', headers)
const from = (address: string) => ({ 'x-forwarded-for': address })
/** The statuses of so many logins, one after the other. */
async function logins(stack: Stack, count: number, headers?: Readonly<Record<string, string>>) {
  const statuses: number[] = []
  for (let times = 0; times < count; times += 1) {
    statuses.push((await ask(stack, '/login', headers)).status)
  }
  return statuses
}
const begun: number[] = Array(rate).fill(302)

function expectRefusal({ status, headers }: Page): void {
  expect(status).toBe(429)
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60)
  // Nothing of a login has begun.
  expect([headers.getSetCookie(), headers.get('location')]).toEqual([[], null])
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
}

describe('an address with more logins than LOGIN_RATE in a minute', () => {
  let stack: Stack
  let user: Browser
  beforeAll(async () => {
    stack = await startStack(settings)
    user = new Browser(stack.baseUrl)
    // Two of the five: /login and /callback.
    await user.login('user@example.com')
    expect(await logins(stack, 3)).toEqual([302, 302, 302])
  })
  afterAll(() => stack[Symbol.asyncDispose]())

  test('is answered 429 and when to come back, before anything of a login has begun (L23)', async () => {
    expectRefusal(await ask(stack, '/login'))
  })

  test('is refused at /signup and /callback too: they are counted together (L23)', async () => {
    for (const path of ['/signup', '/callback?state=x&code=y', '/login?prompt=login']) {
      expectRefusal(await ask(stack, path))
    }
  })

  test('sees a page in the browser, JSON in a script, and a message where htmx swaps', async () => {
    const page = await user.request('/login', { headers: navigationHeaders })
    expectRefusal(page)
    expect(textOf(page.text, 'h1')).toBe('Too Many Requests')
    expect(page.text).toContain('try again in a minute')
    const json = await user.fetch('/login')
    expectRefusal(json)
    expect(JSON.parse(json.text)).toEqual({ message: 'Too Many Requests' })
    const fragment = await user.swap('/login', '/')
    expectRefusal(fragment)
    expect(fragment.text).toContain('Too Many Requests')
    expect(fragment.text).not.toContain('<html')
  })

  test('goes on where it is logged in, sees every other page and can log out', async () => {
    for (const path of ['/', '/profile', '/api/messages/protected']) {
      expect([path, (await user.fetch(path)).status]).toEqual([path, 200])
    }
    expect((await user.post(await user.open('/'), '/logout')).status).toBe(200)
    expect((await user.fetch('/profile')).status).toBe(401)
  })

  test('does not keep the identity provider from logging users out', async () => {
    const post = () => send(new URL('/backchannel-logout', stack.baseUrl), 'POST', {})
    for (let times = 0; times <= rate; times += 1) expect((await post()).status).toBe(400)
  })

  test('does not come by with an X-Forwarded-For that nobody vouches for; the log says how that looks (H12)', async () => {
    for (const address of ['203.0.113.1', '203.0.113.2']) {
      expectRefusal(await ask(stack, '/login', from(address)))
    }
    const line = await stack.bff.line(({ reason }) => String(reason).includes('TRUST_PROXY'))
    expect(line).toMatchObject({ msg: 'request refused', status: 429 })
    expect(line.reason).toContain(`More than ${rate} logins a minute from one address`)
  })
})

describe('behind a proxy of TRUST_PROXY', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack(proxied)
  })
  afterAll(() => stack[Symbol.asyncDispose]())

  test('each client has a count of its own', async () => {
    expect(await logins(stack, rate + 1, from('203.0.113.1'))).toEqual([...begun, 429])
    expect(await logins(stack, rate, from('203.0.113.2'))).toEqual(begun)
  })

  test('a client cannot put addresses of its own in front of the one that the proxy adds', async () => {
    for (const invented of ['198.51.100.1', '198.51.100.2', '198.51.100.3']) {
      await logins(stack, 2, from(`${invented}, 203.0.113.3`))
    }
    expect(await logins(stack, 1, from('198.51.100.4, 203.0.113.3'))).toEqual([429])
  })

  test('the IPv6 addresses of one customer are one client, those of another one are not', async () => {
    for (let host = 1; host <= rate; host += 1) await logins(stack, 1, from(`2001:db8:1:100:${host}::1`))
    expect(await logins(stack, 1, from('2001:db8:1:1ff::9'))).toEqual([429])
    expect(await logins(stack, 1, from('2001:db8:1:200::1'))).toEqual([302])
  })
})

test('after a minute an address may log in again', async () => {
  await using stack = await startStack({ ...settings, ...movedClock(50, 61) })
  expect(await logins(stack, rate + 1)).toEqual([...begun, 429])
  stack.bff.signal('SIGUSR2')
  await stack.bff.line(({ jumps }) => jumps === 1)
  const refused = await ask(stack, '/login')
  expectRefusal(refused)
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10)
  stack.bff.signal('SIGUSR2')
  await stack.bff.line(({ jumps }) => jumps === 2)
  expect(await logins(stack, rate + 1)).toEqual([...begun, 429])
})

test('10,000 login requests are answered and leave one number in the storage (L23)', async () => {
  await using stack = await startStack()
  const counts = new Map<number, number>()
  const startedAt = performance.now()
  await atOnce(Array(10_000).fill('/login'), async (path) => {
    const answer = await fetch(stack.baseUrl + path, { redirect: 'manual' })
    await answer.arrayBuffer()
    counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1)
  })
  const windows = 1 + Math.floor((performance.now() - startedAt) / 60_000)
  expect(new Set(counts.keys())).toEqual(new Set([302, 429]))
  expect(counts.get(302)).toBeGreaterThanOrEqual(300)
  expect(counts.get(302)).toBeLessThanOrEqual(300 * windows)
  using file = stack.sessionsFile()
  for (const table of ['session', 'session_index', 'lease']) {
    expect([table, file.prepare(`SELECT * FROM ${table}`).all()]).toEqual([table, []])
  }
  const counted = file.prepare('SELECT count(*) AS numbers FROM request_count').get()
  expect(counted?.numbers).toBeLessThanOrEqual(1)
}, 300_000)

describe('the counts in memory', () => {
  test('stay small with a million addresses, and keep the newest', async () => {
    const count = countInMemory()
    const before = await megabytesInUse()
    for (let address = 0; address < 1_000_000; address += 1) count(`address ${address}`, 60_000)
    expect((await megabytesInUse()) - before).toBeLessThan(10)
    expect(count('address 999999', 60_000).hits).toBe(2)
    expect(count('address 0', 60_000).hits).toBe(1)
  })

  test('do not keep anybody out for longer because the clock was set back', async () => {
    const count = countInMemory()
    const now = Date.now
    Date.now = () => now() + 3_600_000
    try {
      count('a', 60_000)
    } finally {
      Date.now = now
    }
    expect(count('a', 60_000).hits).toBe(1)
    expect(count('a', 60_000).hits).toBe(2)
  })
})
