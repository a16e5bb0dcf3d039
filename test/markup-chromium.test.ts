import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium } from './support/chromium.ts'
import { Recording } from './support/recording.ts'
import { asParsed, dangerous } from './support/skeleton.ts'
import { meetStrangers, type Strangers } from './support/strangers.ts'
import { click } from './support/visitor.ts'

let strangers: Strangers
let chromium: Browser
beforeAll(async () => {
  ;[strangers, chromium] = await Promise.all([meetStrangers(), launchChromium()])
})
afterAll(async () => {
  await chromium.close()
  await strangers[Symbol.asyncDispose]()
})

/** A browser that complains of everything that a policy refuses: what was refused had been tried. */
async function openBrowser(userAgent: string) {
  const context = await chromium.newContext({ baseURL: strangers.gateway.url, userAgent })
  await context.addInitScript(`
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error('violation of ' + violatedDirective + ' by ' + blockedURI)
    })`)
  return { context, recording: new Recording(context), page: await context.newPage() }
}

const textOf = async (page: Page, selector: string) =>
  asParsed((await page.locator(selector).textContent()) ?? '')

/** What a text could have changed in a document without running anything. */
const stateOf = (page: Page) =>
  page.evaluate(`({
    canary: window.__pwned ?? globalThis.pwned,
    prefix: htmx.config.prefix,
    foreign: document.querySelectorAll('base, iframe, object, style, svg[onload], [hx-on\\\\:load], [autofocus]').length,
    configs: document.querySelectorAll('meta[name=htmx-config]').length,
    // DOM clobbering (X12): nothing of the document's own was replaced by an element.
    body: document.body.tagName,
    main: document.querySelectorAll('#main').length,
    attributes: document.body.attributes instanceof NamedNodeMap,
    forms: [...document.forms].every((form) => new URL(form.action).origin === location.origin),
  })`)
const sound = { prefix: '', foreign: 0, configs: 1, body: 'BODY', main: 1, attributes: true, forms: true }

test.each(dangerous.map((text) => [JSON.stringify(text), text] as const))(
  'in a real browser %s is text, in claims, messages, addresses and the list of sessions (X01, X02, X05, X06, X08, X12)',
  { timeout: 120_000 },
  async (_json, text) => {
    // A header holds no other characters, and the parser of such headers shows what stands before the slash.
    const { context, recording, page } = await openBrowser(`${text.replace(/[^ -~]/g, '')}/1.0 `)
    const claims = { name: text, nickname: text, email: text, picture: text, [text]: { [text]: text } }
    strangers.provider.user = { sub: 'auth0|user', ...claims }
    const message = { text, [text]: text }
    strangers.answer = { status: 200, body: JSON.stringify(message) }
    const messageShown = asParsed(JSON.stringify(message, null, 2))

    await page.goto('/login?returnTo=/profile')
    expect(await textOf(page, '.person h2')).toBe(asParsed(text))
    expect(await textOf(page, '.bar bdi')).toBe(asParsed(text))
    expect(await textOf(page, 'pre')).toContain(asParsed(JSON.stringify(text)))
    expect(await page.locator('img').count()).toBe(0)
    expect(await stateOf(page)).toEqual(sound)

    await click(page, 'Public')
    await page.getByRole('heading', { name: 'Public Page' }).waitFor()
    expect(await textOf(page, 'pre')).toBe(messageShown)
    strangers.answer = { status: 403, body: JSON.stringify(message) }
    const swapped = page.waitForResponse((response) => response.request().headers()['hx-request'] === 'true')
    await click(page, 'Fetch again')
    await swapped
    await page.locator('.panel.refused').waitFor()
    expect(await textOf(page, 'pre')).toBe(messageShown)
    expect(await stateOf(page)).toEqual(sound)

    for (const path of ['/sessions', '/nothing']) {
      await page.goto(`${path}?${new URLSearchParams({ returnTo: `/?${text}`, [text]: text }).toString()}`)
      await page.locator('h1').waitFor()
      expect(await stateOf(page)).toEqual(sound)
    }
    // Nobody was logged out by it either.
    expect((await page.goto('/profile'))?.status()).toBe(200)
    expect(recording.complaints).toEqual([])
    await context.close()
  },
)

test('the browser would have noticed: where nothing refuses it the canary sings, and a refusal is a complaint', {
  timeout: 120_000,
}, async () => {
  const { context, recording, page } = await openBrowser('Chrome')
  for (const text of dangerous.slice(0, 10)) {
    const bare = await context.newPage()
    const html = `<p>${text}</p><input value="${text}"><input value='${text}'><input value=x${text}>`
    await bare.evaluate(`document.write(${JSON.stringify(html)}); document.close()`)
    await bare.waitForFunction('window.__pwned === 1')
    await bare.close()
  }
  await page.goto('/')
  const refused = context.waitForEvent('console', (said) => said.text().startsWith('violation of script-src'))
  await page.evaluate(
    `document.body.insertAdjacentHTML('beforeend', '<img src="/x" onerror="window.__pwned=1">')`,
  )
  await refused
  expect(recording.complaints.length).toBeGreaterThan(0)
  expect(await page.evaluate('window.__pwned')).toBeUndefined()
  await context.close()
})
