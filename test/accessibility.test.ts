import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { siteMap } from '../bff/pages/site-map.ts'
import { launchChromium } from './support/chromium.ts'
import { type Stack, startStack } from './support/stack.ts'
import { logInAs } from './support/visitor.ts'

let stack: Stack
let chromium: Browser
beforeAll(async () => {
  ;[stack, chromium] = await Promise.all([startStack(), launchChromium()])
})
afterAll(async () => {
  await chromium.close()
  await stack[Symbol.asyncDispose]()
})

const publicPages = siteMap.filter(({ access }) => access === 'public').map(({ path }) => path)
const visitors = [
  {
    person: 'nobody',
    email: undefined,
    paths: [...publicPages, '/nothing', '/callback?state=x', '/session'],
  },
  { person: 'a user', email: 'user@example.com', paths: [...siteMap.map(({ path }) => path), '/session'] },
  { person: 'an admin', email: 'admin@example.com', paths: ['/admin'] },
]

/** Nothing that axe has to say, and nothing that has to be scrolled to the side. */
async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  expect(found, page.url()).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), page.url()).toBe(0)
}

// Colours do not depend on the width, nor what fits on the colours.
describe.each([
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 320 },
] as const)('in $colorScheme colours, $width pixels wide,', ({ colorScheme, width }) => {
  const open = async (): Promise<Page> => {
    const context = await chromium.newContext({
      baseURL: stack.baseUrl,
      colorScheme,
      viewport: { width, height: 800 },
      reducedMotion: 'reduce',
    })
    return context.newPage()
  }

  test.each(visitors)('every page of the gateway is accessible to $person', async ({ email, paths }) => {
    const page = await open()
    if (email) {
      await page.goto('/login?returnTo=/')
      await logInAs(page, email, stack.baseUrl)
    }
    for (const path of paths) {
      await page.goto(path)
      await expectAccessible(page)
    }
    const menu = page.getByRole('button', { name: 'Menu' })
    if (await menu.isVisible()) {
      await menu.click()
      await expectAccessible(page)
    }
    await page.context().close()
  })

  test('every page of the embedded tenant is accessible', async () => {
    const page = await open()
    for (const path of [stack.tenantUrl, `${stack.tenantUrl}/nothing`, '/signup', '/login']) {
      await page.goto(path)
      await expectAccessible(page)
    }
    await page.fill('input[name=email]', 'user@example.com')
    await page.fill('input[name=password]', 'wrong')
    await page.getByRole('button', { name: 'Log in', exact: true }).click()
    await page.getByRole('alert').waitFor()
    await expectAccessible(page)
    await logInAs(page, 'user@example.com', stack.baseUrl)
    await page.goto(`${stack.tenantUrl}/oidc/logout`)
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'Logged out' }).waitFor()
    await expectAccessible(page)
    await page.context().close()
  })
})
