import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, type Page, textOf } from './support/browser.ts'
import { dangerous, end, harmlessText, linesOf, preOf } from './support/skeleton.ts'
import { meetStrangers, type Strangers } from './support/strangers.ts'

let strangers: Strangers
let user: Browser
beforeAll(async () => {
  strangers = await meetStrangers()
  user = await strangers.login({})
})
afterAll(() => strangers[Symbol.asyncDispose]())

const nobody = () => new Browser(strangers.gateway.url)

describe('an answer of the API', { timeout: 120_000 }, () => {
  const say = (status: number, body: unknown) => {
    strangers.answer = { status, body: JSON.stringify(body) }
  }

  test.each([200, 403, 404])('of a megabyte of markup is text with status %i (X02, X03)', async (status) => {
    say(status, { message: harmlessText })
    const harmless = await user.open('/public')
    for (const text of ['<script>alert(1)</script>', '</pre><plaintext>', '\u2028"\'&', '🧥'] as const) {
      const message = text.repeat(1_000_000 / text.length) + end
      say(status, { message })
      for (const page of [await user.open('/public'), await user.swap('/public')]) {
        expect(page.status).toBe(status)
        expect(preOf(page)).toBe(JSON.stringify({ message }, null, 2))
      }
      expect(linesOf(await user.open('/public'), message)).toBe(linesOf(harmless))
    }
  })

  test.each([
    null,
    0,
    '',
    '<b>',
    [],
    [[null]],
    { layout: '/x', view: 'error', page: 7, problem: { status: 500 }, json: '<b>', apiStatus: 500, data: {} },
  ])('%j is shown as it is, whatever kind of JSON it is (X11)', async (body) => {
    say(200, body)
    const page = await user.open('/public')
    expect([page.status, preOf(page)]).toEqual([200, JSON.stringify(body, null, 2)])
    expect(textOf(page.text, 'h1')).toBe('Public Page')
  })
})

describe('an answer to a request repeats no markup of it (X04)', { timeout: 120_000 }, () => {
  const texts = dangerous.map((text) => text.replace(/[^ -~]/g, '') + end)

  /** Asks with a harmless text and with each dangerous one: the answers must be built the same, and not hold it. */
  async function expectSame(ask: (text: string) => Promise<Page>): Promise<void> {
    const harmless = await ask(harmlessText)
    for (const text of texts) {
      const page = await ask(text)
      expect([text, page.status, linesOf(page, text)]).toEqual([text, harmless.status, linesOf(harmless)])
      expect(page.text).not.toContain(text)
    }
  }

  test('in headers', async () => {
    const names = [
      'referer',
      'user-agent',
      'x-forwarded-host',
      'x-request-id',
      'hx-target',
      'hx-source',
      'accept-language',
    ]
    const headersWith = (text: string) => Object.fromEntries(names.map((name) => [name, text]))
    await expectSame((text) => nobody().open('/nothing', { headers: headersWith(text) }))
    await expectSame((text) => user.open('/profile', { headers: headersWith(text) }))
    const htmx = { 'hx-request': 'true', 'hx-request-type': 'partial' }
    await expectSame((text) => nobody().fetch('/nothing', { headers: { ...headersWith(text), ...htmx } }))
  })

  test('in a form', async () => {
    const page = await user.open('/sessions')
    await expectSame((text) =>
      user.post(page, '/session', new URLSearchParams({ returnTo: text, [text]: text })),
    )
    await expectSame((text) => user.post(page, '/sessions/end', new URLSearchParams({ [text]: text })))
    await expectSame((text) => user.post(page, `/nothing`, new URLSearchParams({ [text]: text })))
  })

  test('in what the identity provider says about a login that failed', async () => {
    await expectSame(async (text) => {
      const browser = nobody()
      const begun = await browser.request('/login?returnTo=/protected')
      const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? ''
      const query = new URLSearchParams({ error: text, error_description: text, error_uri: text, state })
      return browser.open(`/callback?${query.toString()}`)
    })
  })
})

describe('no request names a template (X10)', () => {
  test.each([
    '/views/home.eta',
    '/home.eta',
    '/home',
    '/error',
    '/partials/bar',
    '/partials/session-watch',
    '/layouts/page',
    '/profile.eta',
    '/profile/../../views/profile',
    '/@page',
  ])('%s', async (path) => {
    const { status, text } = await user.open(path)
    expect([status, textOf(text, 'h1')]).toEqual([404, 'Not Found'])
    expect(text).not.toContain('<%')
  })

  test('neither by what a query, a form or a header calls itself', async () => {
    const names = [
      'layout',
      'view',
      'views',
      'settings',
      'cache',
      'page',
      '_locals',
      '__proto__',
      'constructor',
      'it',
    ]
    const query = new URLSearchParams(names.map((name) => [name, '/partials/bar'])).toString()
    const headers = { 'hx-request-type': '/partials/bar' }
    const plain = linesOf(await user.open('/?x'))
    const asked = linesOf(await user.open(`/?${query}`, { headers }))
    const withoutAddress = (lines: string) => lines.replace(/returnTo=[^"]*/g, '')
    expect(withoutAddress(asked)).toBe(withoutAddress(plain))
  })
})
