import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openSqliteStorage } from '../../bff/session/sqlite-storage.ts'
import type { SessionStorage } from '../../bff/session/storage.ts'
import { Browser, send } from '../support/browser.ts'
import { freePorts } from '../support/ports.ts'
import { type Environment, Program } from '../support/program.ts'
import { hasRedisProgram, RedisServer } from '../support/redis.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** The stack's gateway and more of them on the same storage, as behind a load balancer. */
class Gateways implements AsyncDisposable {
  readonly #more: readonly Program[]
  readonly ports: readonly number[]

  static async start(stack: Stack, count: number): Promise<Gateways> {
    const ports = await freePorts(count - 1)
    const more = ports.map(
      (port) =>
        new Program('bff/main.ts', {
          ...stack.environment,
          BFF_PORT: String(port),
          BASE_URL: stack.baseUrl,
        }),
    )
    await Promise.all(more.map((gateway) => gateway.start()))
    return new Gateways(more, [Number(stack.environment.BFF_PORT), ...ports])
  }

  constructor(more: readonly Program[], ports: readonly number[]) {
    this.#more = more
    this.ports = ports
  }

  /** A request with that ticket to one of the gateways. On http the cookie's name has the port in it. */
  async status(ticket: string, gateway: number): Promise<number> {
    const port = this.ports[gateway % this.ports.length]
    const url = new URL(`http://localhost:${port}/api/messages/protected`)
    // All of them stand behind one name.
    const host = `localhost:${this.ports[0]}`
    return (await send(url, 'GET', { host, cookie: `ticket-${port}=${ticket}` })).status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#more.map((gateway) => gateway.stop('SIGKILL')))
  }
}

async function loggedIn(stack: Stack): Promise<string> {
  const browser = new Browser(stack.baseUrl)
  await browser.login('user@example.com')
  return (await browser.ticket()) ?? ''
}

const lifetime = { TENANT_ACCESS_TOKEN_SECONDS: '1' }
const untilExpired = () => wait(1100)
const refreshes = (stack: Stack, msg: string) =>
  stack.tenant.log.filter((line) => line.grant === 'refresh_token' && line.msg === msg).length

describe.each([2, 4])('%i gateways', { timeout: 60_000 }, (count) => {
  async function refreshOnce(settings: Environment): Promise<void> {
    // Long enough for two hundred requests to be over before the next one expires, on a slow machine too.
    await using stack = await startStack({ TENANT_ACCESS_TOKEN_SECONDS: '5', ...settings })
    await using gateways = await Gateways.start(stack, count)
    const ticket = await loggedIn(stack)
    for (const round of [1, 2]) {
      await wait(5100)
      const statuses = await Promise.all(
        Array.from({ length: 200 }, (_, index) => gateways.status(ticket, index)),
      )
      expect(statuses.filter((status) => status !== 200)).toEqual([])
      expect([refreshes(stack, 'grant'), refreshes(stack, 'grant refused')]).toEqual([round, 0])
    }
  }

  test('on one file refresh once for 200 requests at the moment of expiry, and all succeed (F10)', () =>
    refreshOnce({}))

  test.skipIf(!hasRedisProgram())(
    'on one Redis refresh once for 200 requests at the moment of expiry, and all succeed (F10)',
    async () => {
      await using redis = await RedisServer.start()
      await refreshOnce({ SESSION_STORE: redis.url })
    },
  )
})

describe('a lease that another gateway has', () => {
  /** What a gateway does that is in the middle of a refresh of that session. */
  async function leased(stack: Stack, ticket: string, milliseconds: number): Promise<SessionStorage> {
    const storage = openSqliteStorage(join(stack.folder, 'data', 'sessions.db'))
    const key = createHash('sha256').update(ticket).digest('base64url')
    expect(await storage.lease(key, 'another gateway', milliseconds)).toBe(true)
    return storage
  }

  test('and does not give back, since it died, is taken over when it runs out', async () => {
    await using stack = await startStack(lifetime)
    await using gateways = await Gateways.start(stack, 1)
    const ticket = await loggedIn(stack)
    await untilExpired()
    const storage = await leased(stack, ticket, 1500)
    const begun = performance.now()
    expect(await gateways.status(ticket, 0)).toBe(200)
    expect(performance.now() - begun).toBeGreaterThan(1300)
    expect(refreshes(stack, 'grant')).toBe(1)
    await storage.close()
  })

  test('and keeps is a 503 after a while, and nobody is logged out', async () => {
    await using stack = await startStack(lifetime)
    await using gateways = await Gateways.start(stack, 1)
    const ticket = await loggedIn(stack)
    await untilExpired()
    const storage = await leased(stack, ticket, 60_000)
    expect(await gateways.status(ticket, 0)).toBe(503)
    await storage.close()
    expect(refreshes(stack, 'grant')).toBe(0)
    const elsewhere = openSqliteStorage(join(stack.folder, 'data', 'sessions.db'))
    await elsewhere.release(createHash('sha256').update(ticket).digest('base64url'), 'another gateway')
    await elsewhere.close()
    expect(await gateways.status(ticket, 0)).toBe(200)
  })

  test('keeps nobody waiting whose access token is still good', async () => {
    await using stack = await startStack({ TENANT_ACCESS_TOKEN_SECONDS: '15' })
    await using gateways = await Gateways.start(stack, 1)
    const ticket = await loggedIn(stack)
    // A token of fifteen seconds is due for a refresh after thirteen and a half.
    await wait(13_550)
    const storage = await leased(stack, ticket, 60_000)
    const begun = performance.now()
    expect(await gateways.status(ticket, 0)).toBe(200)
    expect(performance.now() - begun).toBeLessThan(1000)
    expect(refreshes(stack, 'grant')).toBe(0)
    await storage.close()
  })
})
