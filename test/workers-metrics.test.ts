import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, send } from './support/browser.ts'
import { scrape } from './support/metrics.ts'
import { freePorts } from './support/ports.ts'
import { runToEnd } from './support/program.ts'
import { type Stack, startStack } from './support/stack.ts'
import { answerOf, workersOf } from './support/workers.ts'

const requests = 'http_server_request_duration_seconds_count'
let stack: Stack
let port: number
beforeAll(async () => {
  const [free = 0] = await freePorts(1)
  port = free
  stack = await startStack({ BFF_WORKERS: '2', BFF_METRICS_PORT: String(port) })
})
afterAll(() => stack[Symbol.asyncDispose]())

const ask = () => scrape(stack.bff, port)
const page = () => send(new URL('/', stack.baseUrl), 'GET', {})
const pages = async () => (await ask()).sum(requests, { route: '/' }) ?? 0

/** So many start pages, from each of the processes at least one. */
async function ofAll(count: number): Promise<number> {
  let asked = 0
  const counted = () => {
    asked += 1
    return page()
  }
  for (const pid of workersOf(stack.bff)) await answerOf(stack, pid, counted)
  while (asked < count) await counted()
  return asked
}

describe('the metrics of several processes', () => {
  test('are on one port, and each counter is the sum of all of them', async () => {
    const before = await pages()
    const asked = await ofAll(10)
    await expect.poll(pages, { timeout: 20_000 }).toBe(before + asked)
  })

  test('say what is up, not how often, and how old the oldest keys are', async () => {
    const begun = performance.now()
    // With keys: who has ended a login.
    const withKeys = () =>
      new Set(stack.bff.log.filter(({ msg }) => msg === 'logged in').map(({ pid }) => pid))
    while (withKeys().size < 2) {
      await new Browser(stack.baseUrl).login('user@example.com')
      // Connections go round, and a login has an even number of them: all would end in the same process.
      await page()
    }
    // The ages of both together are now more than the time since then.
    const seconds = () => (performance.now() - begun) / 1000
    await wait(seconds() * 1000 + 2000)
    const metrics = await ask()
    expect(metrics.sum('cloakroom_storage_up')).toBe(1)
    expect(metrics.sum('cloakroom_provider_up')).toBe(1)
    const age = metrics.sum('cloakroom_jwks_age_seconds')
    expect(age).toBeGreaterThanOrEqual(1.9)
    expect(age).toBeLessThanOrEqual(seconds())
  })

  test('are answered while a process hangs, with what it said last', async () => {
    const [hanging = 0] = workersOf(stack.bff)
    const before = await pages()
    process.kill(hanging, 'SIGSTOP')
    const begun = performance.now()
    expect(await pages()).toBe(before)
    expect(performance.now() - begun).toBeLessThan(30_000)
    process.kill(hanging, 'SIGCONT')
  })

  test('go on from what a process had counted that died, and forget its state', async () => {
    await ofAll(10)
    const before = await pages()
    const [victim = 0] = workersOf(stack.bff)
    const file = stack.sessionsFile()
    file.exec('ALTER TABLE session RENAME TO away')
    expect((await ask()).sum('cloakroom_storage_up')).toBe(0)
    process.kill(victim, 'SIGKILL')
    await stack.bff.line(({ pid, signal }) => pid === victim && signal === 'SIGKILL')
    file.exec('ALTER TABLE away RENAME TO session')
    file.close()
    const after = await ask()
    expect(after.sum(requests, { route: '/' })).toBe(before)
    expect(after.sum('cloakroom_storage_up')).toBe(1)
    await expect.poll(() => workersOf(stack.bff).length, { timeout: 60_000 }).toBe(2)
    const asked = await ofAll(10)
    await expect.poll(pages, { timeout: 20_000 }).toBe(before + asked)
  })
})

test('a port of the metrics that is taken is named once, and nothing is started', async () => {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const address = server.address()
  const taken = typeof address === 'object' ? String(address?.port) : ''
  const [own] = (await freePorts(1)).map(String)
  const environment = { ...stack.environment, BFF_PORT: own ?? '', BFF_METRICS_PORT: taken }
  expect(await runToEnd('bff/main.ts', environment)).toEqual({
    code: 78,
    stdout: '',
    stderr: `bff: Port ${taken} is in use; set BFF_METRICS_PORT to a free port\n`,
  })
  server.close()
})
