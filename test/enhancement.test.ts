import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formHeaders, send } from './support/browser.ts'
import { launchChromium } from './support/chromium.ts'
import { formTokenFor } from './support/form-token.ts'
import { type Stack, startStack } from './support/stack.ts'
import { click, logInAs } from './support/visitor.ts'

let stack: Stack
let chromium: Browser
let page: Page
beforeAll(async () => {
  ;[stack, chromium] = await Promise.all([startStack(), launchChromium()])
  const context = await chromium.newContext({ baseURL: stack.baseUrl })
  page = await context.newPage()
  await page.goto('/login?returnTo=/protected')
  await logInAs(page, 'admin@example.com', stack.baseUrl)
})
afterAll(async () => {
  await chromium.close()
  await stack[Symbol.asyncDispose]()
})

/** A mark on the document that a full page load would wipe away. */
const mark = () => page.evaluate('document.marked = true')
const isMarked = () => page.evaluate('document.marked === true')

describe('a link of the bar', () => {
  test('changes page, address, title and focus without loading the document again', async () => {
    await page.goto('/protected')
    await mark()
    await click(page, 'Public')
    await page.waitForURL('**/public')
    await page.locator('h1:focus').waitFor()
    expect(await page.locator('h1').textContent()).toBe('Public Page')
    expect(await page.title()).toBe('Public Page · Cloakroom')
    expect(await page.locator('.bar [aria-current=page]').textContent()).toBe('Public')
    expect(await isMarked()).toBe(true)
  })

  test('can be taken back', async () => {
    await page.goto('/protected')
    await click(page, 'Public')
    await page.waitForURL('**/public')
    await page.goBack()
    await page.waitForURL('**/protected')
    await page.getByRole('heading', { name: 'Protected Page' }).waitFor()
    expect(await page.locator('pre').textContent()).toContain('This is a protected message.')
  })

  test('leads to the browser’s own error page when the gateway cannot be reached', async () => {
    const context = await chromium.newContext({ baseURL: stack.baseUrl })
    const visitor = await context.newPage()
    await visitor.goto('/')
    await context.setOffline(true)
    const failed = visitor.waitForEvent('requestfailed', (request) => request.isNavigationRequest())
    await click(visitor, 'Public')
    expect((await failed).url()).toBe(`${stack.baseUrl}/public`)
    await context.close()
  })
})

describe('“Fetch again”', () => {
  test('swaps the panel only, in a live region, and keeps the focus', async () => {
    await page.goto('/protected')
    await mark()
    await page.evaluate(`
      document.querySelector('h1').marked = true
      document.querySelector('.panel').dataset.old = ''`)
    const again = page.getByRole('link', { name: 'Fetch again' })
    await again.focus()
    await page.keyboard.press('Enter')
    await page.locator('.panel:not([data-old])').waitFor()
    expect(await isMarked()).toBe(true)
    expect(await page.evaluate('document.querySelector("h1").marked')).toBe(true)
    expect(await page.locator('[aria-live=polite] .panel pre').textContent()).toContain('protected message')
    expect(await page.evaluate('document.activeElement.id')).toBe('fetch-again')
    expect(new URL(page.url()).pathname).toBe('/protected')
    expect(await page.title()).toBe('Protected Page · Cloakroom')
  })

  test('shows that it is on its way while the answer is slow', async () => {
    await page.goto('/protected')
    const rail = page.locator('#rail.htmx-request')
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await page.route('**/protected', async (route) => {
      await held
      await route.continue()
    })
    await page.getByRole('link', { name: 'Fetch again' }).click()
    await rail.waitFor({ state: 'attached' })
    release?.()
    await rail.waitFor({ state: 'detached' })
    await page.unroute('**/protected')
  })

  test('leaves for login when the session has ended meanwhile, and comes back to the page', async () => {
    await page.goto('/protected?from=here')
    await mark()
    const cookies = await page.context().cookies(stack.baseUrl)
    const before = cookies.find(({ name }) => name.startsWith('ticket'))
    const headers = { ...formHeaders(stack.baseUrl), cookie: `${before?.name}=${before?.value}` }
    const form = `token=${formTokenFor(stack, before?.value ?? '')}`
    const logout = await send(new URL('/logout', stack.baseUrl), 'POST', headers, form)
    expect(logout.status).toBe(303)
    // Still logged in at the tenant: nothing is asked, the visitor is back with a new ticket.
    const left = page.waitForURL((url) => url.pathname === '/callback')
    await page.getByRole('link', { name: 'Fetch again' }).click()
    await left
    await page.waitForURL(`${stack.baseUrl}/protected?from=here`)
    expect(await isMarked()).toBe(false)
    expect(await page.locator('pre').textContent()).toContain('This is a protected message.')
    const after = (await page.context().cookies(stack.baseUrl)).find(({ name }) => name.startsWith('ticket'))
    expect(after?.value).not.toBe(before?.value)
  })
})

test('Back after a logout shows nothing of who was logged in (O07, K04)', async () => {
  const context = await chromium.newContext({ baseURL: stack.baseUrl })
  const visitor = await context.newPage()
  await visitor.goto('/login?returnTo=/profile')
  await logInAs(visitor, 'user@example.com', stack.baseUrl)
  await click(visitor, 'Protected')
  await visitor.waitForURL('**/protected')
  await visitor.getByRole('button', { name: 'Log Out' }).click()
  await visitor.getByRole('link', { name: 'Log In', exact: true }).waitFor()
  await visitor.goBack()
  // The page is asked for anew, and leads to a login that has to be made again.
  await visitor.waitForURL(`${stack.tenantUrl}/**`)
  await visitor.getByRole('heading', { name: 'Log in' }).waitFor()
  await context.close()
})

test.each([
  ['the visitor’s own with scripts', true],
  ['in UTC without', false],
])('times are %s', async (_which, javaScriptEnabled) => {
  const context = await chromium.newContext({
    baseURL: stack.baseUrl,
    timezoneId: 'Asia/Kolkata',
    javaScriptEnabled,
  })
  const visitor = await context.newPage()
  await visitor.goto('/login?returnTo=/profile')
  await logInAs(visitor, 'user@example.com', stack.baseUrl)
  const time = visitor.locator('time').first()
  const at = new Date((await time.getAttribute('datetime')) ?? '')
  // Half an hour off the full hours, so that minutes differ, too.
  const timeZone = javaScriptEnabled ? 'Asia/Kolkata' : 'UTC'
  const shown = at.toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' })
  expect(await time.textContent()).toMatch(new RegExp(`${shown}${javaScriptEnabled ? '' : ' UTC'}$`))
  await context.close()
})
