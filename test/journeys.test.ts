import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from './support/chromium.ts'
import { Recording, search } from './support/recording.ts'
import { type Stack, startStack } from './support/stack.ts'
import { Tap } from './support/tap.ts'
import { click, logInAs } from './support/visitor.ts'

let stack: Stack
let chromium: Browser
let tap: Tap
beforeAll(async () => {
  tap = await Tap.open()
  ;[stack, chromium] = await Promise.all([startStack({ BASE_URL: tap.url }), launchChromium()])
  tap.target = Number(stack.environment.BFF_PORT)
})
afterAll(async () => {
  await chromium.close()
  await tap.close()
  await stack[Symbol.asyncDispose]()
})

/** What a visitor does; `look` takes stock of what the browser holds at that moment. */
type Steps = (page: Page, look: () => Promise<void>) => Promise<void>

/**
 * A journey in a real browser, in which no policy refuses anything, no foreign host is asked for anything, and
 * no token or secret that the tenant has issued or received until its end was seen anywhere: the promise.
 */
function journey(name: string, options: BrowserContextOptions, steps: Steps): void {
  test(name, async () => {
    tap.take()
    const context = await chromium.newContext({ baseURL: stack.baseUrl, ...options })
    const recording = new Recording(context)
    const page = await context.newPage()
    await steps(page, () => recording.takeStock(page))
    await recording.takeStock(page)
    const seen = [...(await recording.complete()), ...tap.take()]
    await context.close()
    expect(recording.complaints).toEqual([])
    const ours = [stack.baseUrl, stack.tenantUrl].map((url) => new URL(url).host)
    for (const host of recording.hosts) expect(ours).toContain(host)
    const needles = stack.issuedTokens()
    for (const kind of ['access_token', 'refresh_token', 'id_token', 'client_secret', 'code_verifier']) {
      expect(needles.map((needle) => needle.kind)).toContain(kind)
    }
    const found = search(seen, needles)
    expect(found.filter(({ kind, where }) => !isItsOneWay(kind, where))).toEqual([])
  })
}

/**
 * The authorization code has to cross the browser once: in the provider's redirect, and in the address of the
 * callback. The verifier that makes it worthless to others stands in the cookie of that one login.
 */
function isItsOneWay(kind: string, where: string): boolean {
  const ways: Readonly<Record<string, RegExp>> = {
    code: /^(address|address bar|header location of \/authorize\S*|to the gateway: GET \/callback)$/,
    code_verifier:
      /^(cookies|storage|header set-cookie of \/(login|signup)|to the browser: set-cookie login-\d-\d+|to the gateway: cookie)$/,
  }
  return ways[kind]?.test(where) ?? false
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

describe('the search for tokens', () => {
  type Leak = (token: string) => [headers: Record<string, string>, ...body: string[]]
  const leaks: Readonly<Record<string, Leak>> = {
    'a body': (token) => [{}, `<p>${token}</p>`],
    'a body, percent-encoded': (token) => [{}, `<a href="?t=${token.replaceAll('.', '%2E')}">x</a>`],
    'a body, base64-encoded': (token) => [{}, `<p>x${Buffer.from(`..${token}`).toString('base64')}</p>`],
    'a body, without its first part': (token) => [{}, `<p>${token.split('.')[1]}</p>`],
    'a body, in two chunks': (token) => [{}, token.slice(0, -20), token.slice(-20)],
    'the body of a redirect': (token) => [{ Location: '/landed' }, token],
    'a header': (token) => [{ 'X-Debug': `token=${token}` }, ''],
    'a cookie': (token) => [{ 'Set-Cookie': `t=${token}; HttpOnly` }, ''],
    'local storage': (token) => [{}, `<script>localStorage.t = atob('${btoa(token)}')</script>`],
    'session storage': (token) => [{}, `<script>sessionStorage.t = '${token}'</script>`],
    'the address': (token) => [{}, `<script>history.replaceState({}, '', '?t=${token}')</script>`],
    'the console': (token) => [{}, `<script>console.log('${token}')</script>`],
  }

  test.each(Object.entries(leaks))('finds one planted in %s', async (_place, leak) => {
    const token = stack.issuedTokens().find(({ kind }) => kind === 'access_token')?.value ?? ''
    const [headers, ...body] = leak(token)
    const leaking = createServer((req, res) => {
      if (req.url !== '/planted') return res.end()
      res.writeHead(headers.Location ? 303 : 200, { 'Content-Type': 'text/html', ...headers })
      for (const part of body) res.write(part)
      return res.end()
    }).listen(0, 'localhost')
    await once(leaking, 'listening')
    const gateway = tap.target
    tap.target = (leaking.address() as AddressInfo).port
    tap.take()
    const context = await chromium.newContext()
    const recording = new Recording(context)
    const page = await context.newPage()
    await page.goto(`${stack.baseUrl}/planted`)
    await recording.takeStock(page)
    const found = search([...(await recording.complete()), ...tap.take()], stack.issuedTokens())
    await context.close()
    tap.target = gateway
    leaking.close()
    expect(found.map(({ kind }) => kind)).toContain('access_token')
  })

  test('finds nothing where nothing is planted', async () => {
    tap.take()
    const context = await chromium.newContext()
    const recording = new Recording(context)
    const page = await context.newPage()
    await page.goto(`${stack.baseUrl}/`)
    await recording.takeStock(page)
    const seen = [...(await recording.complete()), ...tap.take()]
    await context.close()
    expect(seen.map(({ where }) => where)).toContain('to the browser: body')
    expect(search(seen, stack.issuedTokens())).toEqual([])
  })
})
