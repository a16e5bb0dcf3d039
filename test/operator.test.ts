import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { runToEnd } from './support/program.ts'
import { borrowRedis, hasRedis } from './support/redis.ts'
import { type Stack, startStack } from './support/stack.ts'

const api = async (browser: Browser) => (await browser.fetch('/api/messages/protected')).status
const redis = hasRedis() ? await borrowRedis() : undefined
afterAll(() => redis?.[Symbol.asyncDispose]())

for (const store of ['sqlite', 'redis']) {
  const there = store === 'sqlite' || redis !== undefined
  describe.runIf(there)(`npm run sessions, with ${store},`, () => endsAndCounts(store))
}

function endsAndCounts(store: string): void {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack(redis && store === 'redis' ? { SESSION_STORE: redis.url } : {})
  })
  afterAll(() => stack[Symbol.asyncDispose]())

  const run = (...args: string[]) =>
    runToEnd('bff/operator/main.ts', stack.environment, ['sessions', ...args])
  async function loggedIn(email: string): Promise<Browser> {
    const browser = new Browser(stack.baseUrl)
    await browser.login(email)
    return browser
  }
  /** As the profile shows it to the user. */
  async function subOf(browser: Browser): Promise<string> {
    const [, sub = ''] =
      /&quot;sub&quot;: &quot;(.*?)&quot;/.exec((await browser.open('/profile')).text) ?? []
    return sub
  }

  // Each command is a start of its own.
  test('ends all sessions of a user, at once and nobody else’s (S24)', { timeout: 60_000 }, async () => {
    const users = [await loggedIn('user@example.com'), await loggedIn('user@example.com')]
    const admin = await loggedIn('admin@example.com')
    const sub = await subOf(users[0] ?? admin)
    expect(await Promise.all([...users, admin].map(api))).toEqual([200, 200, 200])
    expect((await run('count', '--sub', sub)).stdout).toMatch(/^2 sessions of auth0\|\w+; /)
    expect(await run('end', '--sub', sub)).toEqual({
      code: 0,
      stdout: `2 sessions of ${sub} ended\n`,
      stderr: '',
    })
    expect(await Promise.all([...users, admin].map(api))).toEqual([401, 401, 200])
    expect((await run('count')).stdout).toBe(
      '1 session; seen in the last 5 minutes: 1, in the last hour: 1\n',
    )
  })
}

describe('npm run sessions', () => {
  test.each([
    [[]],
    [['help']],
    [['end']],
    [['end', '--sub', '']],
    [['end', 'auth0|1']],
    [['count', 'all']],
    [['count', '--all']],
  ])('with %j says what it can do', async (args) => {
    const settings = { DATA_DIR: '/dev/null/never-touched' }
    const { code, stdout, stderr } = await runToEnd('bff/operator/main.ts', settings, ['sessions', ...args])
    expect([code, stdout]).toEqual([64, ''])
    expect(stderr).toMatch(/^Usage, with the settings of the gateway:\n {2}npm run sessions -- count/)
  })

  test.each([
    [{ SESSION_STORE: 'memory:' }, 'SESSION_STORE is memory:'],
    [{ SESSION_STORE: 'sqlite:/dev/null/x.db' }, 'SESSION_STORE cannot be used'],
    [{ BFF_PORT: 'x' }, 'BFF_PORT must be'],
  ])('with bad settings %j says so and ends with 78', async (settings, problem) => {
    const { code, stderr } = await runToEnd('bff/operator/main.ts', settings, ['sessions', 'count'])
    expect([code, stderr.includes(problem), stderr.includes('    at ')]).toEqual([78, true, false])
  })

  test('with a storage that is out of reach ends with 1, and says so', async () => {
    const settings = { SESSION_STORE: 'redis://:secret-password@localhost:1' }
    const { code, stdout, stderr } = await runToEnd('bff/operator/main.ts', settings, ['sessions', 'count'])
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^The session storage failed: /)])
    expect(stdout).toContain('ECONNREFUSED')
    expect(stdout + stderr).not.toContain('secret-password')
  })
})
