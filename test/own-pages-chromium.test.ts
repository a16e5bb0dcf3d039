import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from './support/chromium.ts'
import { type Stack, startStack } from './support/stack.ts'
import { Upstream } from './support/upstream.ts'
import { logInAs } from './support/visitor.ts'

let upstream: Upstream
let stack: Stack
let chromium: Browser
beforeAll(async () => {
  upstream = await Upstream.start()
  ;[stack, chromium] = await Promise.all([startStack(upstream.settings), launchChromium()])
})
afterAll(async () => {
  await chromium.close()
  await stack[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const heading = (page: Page, name: string) => page.getByRole('heading', { name }).waitFor()

async function logIn(javaScriptEnabled = true): Promise<Page> {
  const page = await (await chromium.newContext({ javaScriptEnabled, baseURL: stack.baseUrl })).newPage()
  await page.goto('/login?returnTo=/profile')
  await logInAs(page, 'user@example.com', stack.baseUrl)
  await heading(page, 'Profile Page')
  return page
}

test('a script of our own page may ask the API, and change something there (C15)', async () => {
  const page = await logIn()
  const answers = await page.evaluate(`Promise.all([
    fetch('/api/own'),
    fetch('/api/notes', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"a":1}' }),
    fetch('/api/notes', { method: 'POST', body: 'a note' }),
  ]).then((all) => all.map(({ status }) => status))`)
  expect(answers).toEqual([200, 200, 200])
  expect(upstream.arrived.map(({ request, body }) => `${request.method} ${body}`).toSorted()).toEqual([
    'GET ',
    'POST a note',
    'POST {"a":1}',
  ])
  await page.context().close()
})

describe.each([
  ['with scripts', true],
  ['without scripts', false],
])('%s', (_name, scripts) => {
  test('the forms of our own pages work: end the other session, then this one (C15)', async () => {
    const [first, second] = [await logIn(scripts), await logIn(scripts)]
    await first.goto('/sessions')
    const sent = first.waitForRequest((request) => request.method() === 'POST')
    await first.getByRole('button', { name: 'End all others' }).click()
    await heading(first, 'One session')
    const { 'hx-request': htmx, 'sec-fetch-site': site, origin } = await (await sent).allHeaders()
    // Of a page with no-referrer the Origin would be null, and a browser without Sec-Fetch-Site have no proof.
    expect([htmx, site, origin]).toEqual([scripts ? 'true' : undefined, 'same-origin', stack.baseUrl])
    // Not by a page: it would lead to a login, which the tenant finishes without asking.
    expect((await second.request.get('/api/own')).status()).toBe(401)

    await first.getByRole('button', { name: 'Log Out' }).click()
    await first.waitForURL(`${stack.baseUrl}/`)
    await first.getByRole('link', { name: 'Log In', exact: true }).waitFor()
    for (const page of [first, second]) await page.context().close()
  })

  test('three tabs with a login under way all end logged in, each on its own page (L11)', async () => {
    const context = await chromium.newContext({ javaScriptEnabled: scripts, baseURL: stack.baseUrl })
    const tabs: { page: Page; path: string }[] = []
    for (const path of ['/profile', '/sessions', '/public?tab=3']) {
      const page = await context.newPage()
      await page.goto(`/login?prompt=login&returnTo=${encodeURIComponent(path)}`)
      await page.locator('input[name=password]').waitFor()
      tabs.push({ page, path })
    }
    // Not in the order in which they were opened.
    for (const { page, path } of tabs.toReversed()) {
      await logInAs(page, 'user@example.com', stack.baseUrl)
      await page.getByRole('button', { name: 'Log Out' }).waitFor()
      expect(page.url()).toBe(stack.baseUrl + path)
    }
    await context.close()
  })
})
