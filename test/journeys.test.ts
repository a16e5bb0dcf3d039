import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from './support/chromium.ts'
import { freePorts } from './support/ports.ts'
import { search } from './support/proof/matcher.ts'
import { worker } from './support/proof/worker.ts'
import { Recording } from './support/recording.ts'
import { type Stack, startStack } from './support/stack.ts'
import { Tap } from './support/tap.ts'
import { click, logInAs } from './support/visitor.ts'

let stack: Stack
let chromium: Browser
/** Between gateway and API, where no browser sees anything. */
const backChannel = new Tap()
beforeAll(async () => {
  const [port = 0] = await freePorts(1)
  const settings = { API_SERVER_URL: `http://localhost:${port}` }
  ;[stack, chromium] = await Promise.all([startStack(settings), launchChromium()])
  const api = { host: 'localhost', port: Number(stack.environment.API_PORT) }
  await backChannel.open({ host: 'localhost', port }, api)
})
afterAll(async () => {
  await chromium.close()
  await stack[Symbol.asyncDispose]()
  backChannel.close()
})

/** What a visitor does; `look` takes stock of what the browser holds at that moment. */
type Steps = (page: Page, look: () => Promise<void>) => Promise<void>

/**
 * A journey in a real browser, in which no policy refuses anything, no foreign host is asked for anything, and
 * no token or secret that the tenant has issued or received until its end was seen anywhere: the promise. As after
 * every test (support/proof/every-test.ts) what went over the wire is searched, and here all that the browser knows.
 */
function journey(name: string, options: BrowserContextOptions, steps: Steps): void {
  test(name, async () => {
    const context = await chromium.newContext({ baseURL: stack.baseUrl, ...options })
    const recording = new Recording(context)
    const page = await recording.newPage()
    await steps(page, () => recording.takeStock())
    await recording.takeStock()
    worker.alsoSeen(await recording.complete())
    await context.close()
    expect(recording.complaints).toEqual([])
    const ours = [stack.baseUrl, stack.tenantUrl].map((url) => new URL(url).host)
    for (const host of recording.hosts) expect(ours).toContain(host)
    const needles = stack.issuedTokens()
    for (const kind of ['access_token', 'refresh_token', 'id_token', 'client_secret', 'code_verifier']) {
      expect(needles.map((needle) => needle.kind)).toContain(kind)
    }
  })
}

const headingOf = (page: Page) => page.locator('h1').textContent()
describe.each([
  ['with JavaScript', true],
  ['without JavaScript', false],
])('%s', (_name, javaScriptEnabled) => {
  journey(
    'an admin logs in, reads everything, and logs out for good',
    { javaScriptEnabled },
    async (page, look) => {
      await page.goto('/public')
      expect(await page.locator('pre').textContent()).toContain('This is a public message.')
      await click(page, 'Log In')
      await logInAs(page, 'admin@example.com', stack.baseUrl)
      expect(new URL(page.url()).pathname).toBe('/public')
      await look()
      for (const name of ['Protected', 'Admin']) {
        await click(page, name)
        await page.waitForURL(`**/${name.toLowerCase()}`)
        expect(await headingOf(page)).toBe(`${name} Page`)
        const article = name === 'Admin' ? 'an' : 'a'
        expect(await page.locator('pre').textContent()).toBe(
          `{\n  "text": "This is ${article} ${name.toLowerCase()} message."\n}`,
        )
        await look()
      }
      await click(page, 'Profile')
      await page.waitForURL('**/profile')
      expect(await page.locator('pre').textContent()).toContain('"email": "admin@example.com"')
      await page.reload()
      await look()
      const tab = await page.context().newPage()
      expect((await tab.request.get('/api/messages/admin')).status()).toBe(200)
      for (const [path, status] of [
        ['/admin', 200],
        ['/api/messages/admin', 403],
      ] as const) {
        expect((await tab.goto(path))?.status()).toBe(status)
      }
      await tab.close()
      await page.getByRole('button', { name: 'Log Out' }).click()
      await page.waitForURL(`${stack.baseUrl}/`)
      await page.getByRole('link', { name: 'Log In', exact: true }).waitFor()
      expect(await page.context().cookies(stack.baseUrl)).toEqual([])
      await look()
      await page.goBack()
      // The page before is asked for anew, and leads to a login that has to be made again.
      await page.waitForURL(`${stack.tenantUrl}/**`)
    },
  )

  journey(
    'a user without the permission comes by a link to the admin page and is told why not',
    { javaScriptEnabled },
    async (page, look) => {
      await page.goto('/admin')
      await page.waitForURL(`${stack.tenantUrl}/**`)
      await look()
      const refused = page.waitForResponse(`${stack.baseUrl}/admin`)
      await page.getByRole('button', { name: 'user@example.com' }).click()
      expect((await refused).status()).toBe(403)
      await page.waitForURL('**/admin')
      expect(await headingOf(page)).toBe('Admin Page')
      expect(await page.locator('pre').textContent()).toBe('{\n  "message": "Permission denied"\n}')
      const hint = (await page.getByRole('alert').textContent()) ?? ''
      for (const word of ['read:admin-messages', 'messages-admin', 'administrator']) {
        expect(hint).toContain(word)
      }
    },
  )

  journey(
    'somebody new signs up and may read protected messages only',
    { javaScriptEnabled },
    async (page, look) => {
      const email = `new-${javaScriptEnabled}@example.com`
      await page.goto('/')
      await click(page, 'Sign Up')
      await page.waitForURL(`${stack.tenantUrl}/**`)
      await page.fill('input[name=email]', email)
      await page.fill('input[name=password]', 'correct horse battery')
      await look()
      await page.getByRole('button', { name: 'Sign up' }).click()
      await page.waitForURL(`${stack.baseUrl}/`)
      expect(await page.locator('.bar bdi').textContent()).toBe(email)
      expect((await page.goto('/protected'))?.status()).toBe(200)
      expect((await page.goto('/admin'))?.status()).toBe(403)
    },
  )

  journey('whoever cancels the login is told so and can go on', { javaScriptEnabled }, async (page, look) => {
    await page.goto('/')
    await click(page, 'Log In')
    await page.waitForURL(`${stack.tenantUrl}/**`)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.waitForURL('**/callback?*')
    expect(await headingOf(page)).toBe('The login was cancelled')
    await look()
    await click(page, 'Public')
    await page.waitForURL('**/public')
    expect(await headingOf(page)).toBe('Public Page')
  })

  journey(
    'on a narrow screen the menu is behind a button',
    { javaScriptEnabled, viewport: { width: 390, height: 844 } },
    async (page) => {
      await page.goto('/')
      const link = page.getByRole('link', { name: 'Public', exact: true })
      expect(await link.isVisible()).toBe(false)
      await page.getByRole('button', { name: 'Menu' }).click()
      await link.click()
      await page.waitForURL('**/public')
      expect(await link.isVisible()).toBe(false)
    },
  )
})

test('the same search finds the access token where it has to be: on its way to the API', () => {
  const found = search(backChannel.take(), stack.issuedTokens())
  expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['access_token']))
  for (const { where } of found)
    expect(where).toMatch(/^to the gateway: GET \/api\/\S+: header authorization$/)
})
