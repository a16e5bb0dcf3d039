import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, navigationHeaders, textOf } from './support/browser.ts'
import { startGateway, startOpenidProvider } from './support/openid-provider.ts'
import { askRow, rowsOf } from './support/policy.ts'
import { type Stack, startStack } from './support/stack.ts'

let stack: Stack
const browsers: Record<string, Browser> = {}
beforeAll(async () => {
  stack = await startStack()
  const browserOf = async (name: string, login: boolean) => {
    const browser = new Browser(stack.baseUrl)
    browsers[name] = browser
    if (login) await browser.login('user@example.com')
  }
  await Promise.all([
    browserOf('nobody', false),
    browserOf('a user', true),
    browserOf('whose session has ended', true),
  ])
  // Ended from another browser, so that the cookie stays.
  const other = new Browser(stack.baseUrl)
  const ticket = await browsers['whose session has ended']?.ticket()
  await other.jar.setCookie(`ticket-${stack.environment.BFF_PORT}=${ticket}; Path=/`, stack.baseUrl)
  await other.open('/')
  expect((await other.sendForm('/logout')).status).toBe(303)
})
afterAll(() => stack[Symbol.asyncDispose]())

const anonymous = `
              | /public   | /protected                | /api/messages/public | /api/messages/protected
navigation    | 200 page  | 303 login                 | 403 JSON             | 403 JSON
htmx fragment | 200 part  | 401 empty leave for login | 200 JSON             | 401 JSON
htmx boosted  | 200 page  | 401 empty leave for login | 200 JSON             | 401 JSON
fetch         | 200 page  | 401 JSON                  | 200 JSON             | 401 JSON
form POST     | 405 page  | 405 page                  | 405 JSON             | 405 JSON
form to stay  | -         | 303 login                 | -                    | -
HEAD          | 200 empty | 303 login                 | 403 empty            | 403 empty
HEAD by fetch | 200 empty | 401 empty                 | 200 empty            | 401 empty
prefetch      | 200 page  | 401 page                  | 403 JSON             | 403 JSON
prerender     | 200 page  | 401 page                  | 403 JSON             | 403 JSON`

/** The policy: who asks, how, for what, and what that gets (docs/decisions/003). */
const policy: readonly (readonly [who: string, table: string])[] = [
  ['nobody', anonymous],
  ['whose session has ended', anonymous],
  [
    'a user',
    `
              | /public   | /protected | /api/messages/public | /api/messages/protected
navigation    | 200 page  | 200 page   | 403 JSON             | 403 JSON
htmx fragment | 200 part  | 200 part   | 200 JSON             | 200 JSON
htmx boosted  | 200 page  | 200 page   | 200 JSON             | 200 JSON
fetch         | 200 page  | 200 page   | 200 JSON             | 200 JSON
form POST     | 405 page  | 405 page   | 405 JSON             | 405 JSON
form to stay  | -         | 303 back   | -                    | -
HEAD          | 200 empty | 200 empty  | 403 empty            | 403 empty
HEAD by fetch | 200 empty | 200 empty  | 200 empty            | 200 empty
prefetch      | 200 page  | 200 page   | 403 JSON             | 403 JSON
prerender     | 200 page  | 200 page   | 403 JSON             | 403 JSON`,
  ],
  // Without the permission.
  [
    'a user',
    `
              | /admin    | /api/messages/admin
navigation    | 403 page  | 403 JSON
htmx fragment | 403 part  | 403 JSON
htmx boosted  | 403 page  | 403 JSON
fetch         | 403 page  | 403 JSON
form POST     | 405 page  | 405 JSON
form to stay  | 303 back  | -
HEAD          | 403 empty | 403 empty
HEAD by fetch | 403 empty | 403 empty
prefetch      | 403 page  | 403 JSON
prerender     | 403 page  | 403 JSON`,
  ],
]

describe.each(policy)('for %s (L22)', (who, table) => {
  test.each(rowsOf(table))('a $name gets what the policy says for $paths (K02)', async (row) => {
    expect(await askRow(browsers[who] as Browser, stack.baseUrl, row)).toEqual(row.cells)
  })
})

describe.each(['prefetch', 'prefetch;prerender', 'prefetch;anonymous-client-ip'])(
  'what a browser asks for on a guess (%s)',
  (purpose) => {
    test.each(['sec-purpose', 'purpose'])('begins no login (%s, L21)', async (name) => {
      const headers = { ...navigationHeaders, 'sec-fetch-site': 'same-origin', [name]: purpose }
      for (const path of [
        '/login',
        '/signup',
        '/login?returnTo=/protected&prompt=login',
        '/callback?code=x',
      ]) {
        const browser = new Browser(stack.baseUrl)
        const page = await browser.request(path, { headers })
        expect([path, page.status, textOf(page.text, 'h1')]).toEqual([path, 403, 'Not yet'])
        expect([page.headers.get('location'), page.headers.getSetCookie()]).toEqual([null, []])
      }
    })
  },
)

test('a callback that is asked for on a guess uses up no code, and logs nobody in (L21)', async () => {
  await using provider = await startOpenidProvider()
  await using gateway = await startGateway(provider)
  const browser = new Browser(gateway.url)
  const authorization = (await browser.request('/login?returnTo=/profile')).headers.get('location') ?? ''
  const callback = (await browser.request(authorization)).headers.get('location') ?? ''
  const headers = { ...navigationHeaders, 'sec-purpose': 'prefetch;prerender' }
  expect((await browser.request(callback, { headers })).status).toBe(403)
  expect([await browser.ticket(), provider.issued]).toEqual([undefined, []])
  expect((await browser.open(callback)).url.pathname).toBe('/profile')
})
