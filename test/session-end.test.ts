import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from './support/chromium.ts'
import { type Stack, startStack } from './support/stack.ts'
import { logInAs } from './support/visitor.ts'

/** The last third is the time to warn: ten seconds, in which a busy machine has to show the warning and be answered. */
const idleSeconds = 30

let stack: Stack
let chromium: Browser
beforeAll(async () => {
  ;[stack, chromium] = await Promise.all([
    startStack({ SESSION_IDLE_SECONDS: String(idleSeconds) }),
    launchChromium(),
  ])
})
afterAll(async () => {
  await chromium.close()
  await stack[Symbol.asyncDispose]()
})

const question = (page: Page) => page.getByRole('heading', { name: 'Are you still there?' })
const over = (page: Page) => page.getByRole('heading', { name: 'You are logged out' })
const secondsSince = (start: number) => (performance.now() - start) / 1000

async function openProtected(javaScriptEnabled: boolean): Promise<Page> {
  const context = await chromium.newContext({ baseURL: stack.baseUrl, javaScriptEnabled })
  context.setDefaultTimeout(2 * idleSeconds * 1000)
  const page = await context.newPage()
  await page.goto('/login?returnTo=/protected')
  await logInAs(page, 'user@example.com', stack.baseUrl)
  await page.getByRole('heading', { name: 'Protected Page' }).waitFor()
  return page
}

// Twice through a whole idle lifetime.
describe.concurrent('a visitor who does nothing', { timeout: 5 * idleSeconds * 1000 }, () => {
  test('with scripts is warned in the page, can stay in it, and is led away from it at the end', async () => {
    const page = await openProtected(true)
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await page.evaluate('document.marked = true')
    await page.getByRole('alert').and(page.locator('.warning')).waitFor()
    expect(await question(page).isVisible()).toBe(true)
    expect(await page.getByRole('heading', { name: 'Protected Page' }).isVisible()).toBe(true)

    const stayed = performance.now()
    await page.getByRole('button', { name: 'Stay logged in' }).click()
    await page.locator('.warning').waitFor({ state: 'detached' })
    expect(await page.evaluate('document.marked')).toBe(true)
    expect(new URL(page.url()).pathname).toBe('/protected')

    await question(page).waitFor()
    await over(page).waitFor()
    expect(secondsSince(stayed)).toBeGreaterThanOrEqual(idleSeconds - 0.1)
    expect(await page.locator('pre').count()).toBe(0)
    expect(problems).toEqual([])
    await page.context().close()
  })

  test('without scripts is asked, can stay and comes back to the page, and is told when it is over', async () => {
    const page = await openProtected(false)
    await question(page).waitFor()
    expect(page.url()).toBe(`${stack.baseUrl}/session?returnTo=%2Fprotected`)
    const stayed = performance.now()
    await page.getByRole('button', { name: 'Stay logged in' }).click()
    await page.waitForURL('**/protected')

    await question(page).waitFor()
    await over(page).waitFor()
    expect(secondsSince(stayed)).toBeGreaterThanOrEqual(idleSeconds - 0.1)
    expect(await page.getByRole('link', { name: 'Log in again' }).getAttribute('href')).toBe(
      '/login?prompt=login&returnTo=%2Fprotected',
    )
    await page.context().close()
  })

  test('keeps the page when the gateway cannot be reached as it asks', async () => {
    const page = await openProtected(true)
    const failed = page.waitForEvent('requestfailed', (request) => request.url().includes('/session?'))
    await page.context().setOffline(true)
    await failed
    // Whatever it does about it, it has done when scripts get their turn again.
    await page.evaluate('new Promise((resolve) => setTimeout(resolve))')
    expect(page.url()).toBe(`${stack.baseUrl}/protected`)
    expect(await page.getByRole('heading', { name: 'Protected Page' }).isVisible()).toBe(true)
    await page.context().close()
  })

  test('while another tab is in use is not warned in this one', async () => {
    const page = await openProtected(true)
    const other = await page.context().newPage()
    let asked = 0
    page.on('response', (response) => {
      if (new URL(response.url()).pathname === '/session') asked += 1
    })
    const start = performance.now()
    while (asked === 0) {
      await other.goto('/profile')
      expect(secondsSince(start)).toBeLessThan(2 * idleSeconds)
    }
    await other.close()
    // It has asked, and what it got asks again later.
    const watch = page.locator('#session[hx-trigger^="every"]')
    await watch.waitFor({ state: 'attached' })
    expect(await page.locator('.warning').count()).toBe(0)
    expect(await page.getByRole('heading', { name: 'Protected Page' }).isVisible()).toBe(true)
    await page.context().close()
  })
})
