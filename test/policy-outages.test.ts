import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { askRow, rowsOf } from './support/policy.ts'
import { type Stack, startStack } from './support/stack.ts'

interface Outage {
  readonly what: string
  readonly begin: (stack: Stack) => Promise<unknown>
  readonly settings?: Readonly<Record<string, string>>
  /** What somebody who is logged in gets. */
  readonly table: string
}

/** The policy while a part is down: never 401, or somebody would be logged out by it (docs/decisions/003). */
const outages: readonly Outage[] = [
  {
    what: 'the session storage is down',
    begin: async (stack) => {
      const other = stack.sessionsFile()
      other.exec('ALTER TABLE session RENAME TO away')
      other.close()
    },
    table: `
              | /public           | /protected        | /api/messages/public | /api/messages/protected
navigation    | 503 page retry 5  | 503 page retry 5  | 403 JSON             | 403 JSON
htmx fragment | 503 part retry 5  | 503 part retry 5  | 200 JSON             | 503 JSON retry 5
htmx boosted  | 503 page retry 5  | 503 page retry 5  | 200 JSON             | 503 JSON retry 5
fetch         | 503 JSON retry 5  | 503 JSON retry 5  | 200 JSON             | 503 JSON retry 5
form POST     | 503 page retry 5  | 503 page retry 5  | 405 JSON             | 405 JSON
form to stay  | -                 | 503 page retry 5  | -                    | -
HEAD          | 503 empty retry 5 | 503 empty retry 5 | 403 empty            | 403 empty
HEAD by fetch | 503 empty retry 5 | 503 empty retry 5 | 200 empty            | 503 empty retry 5
prefetch      | 503 page retry 5  | 503 page retry 5  | 403 JSON             | 403 JSON
prerender     | 503 page retry 5  | 503 page retry 5  | 403 JSON             | 403 JSON`,
  },
  {
    what: 'the identity provider is down and the access token has expired',
    settings: { TENANT_ACCESS_TOKEN_SECONDS: '1' },
    begin: (stack) => Promise.all([stack.tenant.stop('SIGKILL'), wait(1100)]),
    table: `
              | /public   | /protected        | /api/messages/public | /api/messages/protected
navigation    | 200 page  | 503 page retry 5  | 403 JSON             | 403 JSON
htmx fragment | 200 part  | 503 part retry 5  | 200 JSON             | 503 JSON retry 5
htmx boosted  | 200 page  | 503 page retry 5  | 200 JSON             | 503 JSON retry 5
fetch         | 200 page  | 503 JSON retry 5  | 200 JSON             | 503 JSON retry 5
form POST     | 405 page  | 405 page          | 405 JSON             | 405 JSON
form to stay  | -         | 303 back          | -                    | -
HEAD          | 200 empty | 503 empty retry 5 | 403 empty            | 403 empty
HEAD by fetch | 200 empty | 503 empty retry 5 | 200 empty            | 503 empty retry 5
prefetch      | 200 page  | 503 page retry 5  | 403 JSON             | 403 JSON
prerender     | 200 page  | 503 page retry 5  | 403 JSON             | 403 JSON`,
  },
  {
    what: 'the API is down',
    begin: (stack) => stack.api.stop('SIGKILL'),
    table: `
              | /public   | /protected | /api/messages/public | /api/messages/protected
navigation    | 502 page  | 502 page   | 403 JSON             | 403 JSON
htmx fragment | 502 part  | 502 part   | 502 JSON             | 502 JSON
htmx boosted  | 502 page  | 502 page   | 502 JSON             | 502 JSON
fetch         | 502 JSON  | 502 JSON   | 502 JSON             | 502 JSON
form POST     | 405 page  | 405 page   | 405 JSON             | 405 JSON
form to stay  | -         | 303 back   | -                    | -
HEAD          | 502 empty | 502 empty  | 403 empty            | 403 empty
HEAD by fetch | 502 empty | 502 empty  | 502 empty            | 502 empty
prefetch      | 502 page  | 502 page   | 403 JSON             | 403 JSON
prerender     | 502 page  | 502 page   | 403 JSON             | 403 JSON`,
  },
]

describe.each(outages)('while $what', ({ settings, begin, table }) => {
  let stack: Stack
  let user: Browser
  beforeAll(async () => {
    stack = await startStack(settings)
    user = new Browser(stack.baseUrl)
    await user.login('user@example.com')
    await begin(stack)
  })
  afterAll(() => stack[Symbol.asyncDispose]())

  test.each(rowsOf(table))('a $name gets what the policy says for $paths', async (row) => {
    expect(await askRow(user, stack.baseUrl, row)).toEqual(row.cells)
  })
})
