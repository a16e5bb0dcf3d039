import { validateHeaderValue } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { good, hostileTexts, isLocal } from './support/addresses.ts'
import { attribute, Browser, elements, navigationHeaders, textOf } from './support/browser.ts'
import { atOnce } from './support/crowd.ts'
import {
  type Gateway,
  type OpenidProvider,
  startGateway,
  startOpenidProvider,
} from './support/openid-provider.ts'

let provider: OpenidProvider
let gateway: Gateway
let user: Browser
beforeAll(async () => {
  provider = await startOpenidProvider()
  gateway = await startGateway(provider, { LOG_LEVEL: 'silent', LOGIN_RATE: '999999' })
  user = await gateway.login('/session')
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

const nobody = () => new Browser(gateway.url)
const query = (returnTo: string) => new URLSearchParams({ returnTo }).toString()
const toLogin = (page: string) => `/login?returnTo=${encodeURIComponent(page)}`
const asPage = { headers: navigationHeaders }
const asFragment = { 'hx-request': 'true', 'hx-request-type': 'partial' }

const linksOf = (html: string) => elements(html, 'a').map((link) => attribute(link, 'href') ?? '')

/** Each hostile text, and each good address, with what has to become of it. */
const all = [...hostileTexts.map((text) => [text, '/'] as const), ...good]

/** Those that lead somewhere else than they should. */
async function misled(
  lead: (text: string) => Promise<unknown>,
  expected: (page: string) => unknown,
  addresses = all,
): Promise<unknown[]> {
  const wrong: unknown[] = []
  await atOnce(addresses, async ([text, page]) => {
    const led = await lead(text)
    if (!isDeepStrictEqual(led, expected(page))) wrong.push([text, led])
  })
  return wrong
}

describe('nobody is led anywhere but to a page of this gateway (L15, L16, L17)', { timeout: 180_000 }, () => {
  test.each(['/login', '/signup'])('by the state of a login that begins at %s', async (path) => {
    const lead = async (text: string) => {
      const { headers } = await nobody().request(`${path}?${query(text)}`, asPage)
      const { origin, searchParams } = new URL(headers.get('location') ?? '')
      const state = Buffer.from(searchParams.get('state') ?? '', 'base64url').toString()
      return [`${origin}/`, JSON.parse(state).returnTo]
    }
    expect(await misled(lead, (page) => [provider.url, page])).toEqual([])
  })

  test('by a state that somebody made', async () => {
    const callback = (returnTo: string) => {
      const state = Buffer.from(JSON.stringify({ returnTo, slot: 0, begunAt: 1 })).toString('base64url')
      return `/callback?code=x&state=${state}`
    }
    const leadUser = async (text: string) =>
      (await user.request(callback(text), asPage)).headers.get('location')
    expect(await misled(leadUser, (page) => page)).toEqual([])
    const lost = (page: string) => `/callback?outcome=lost&returnTo=${encodeURIComponent(page)}`
    const leadNobody = async (text: string) =>
      (await nobody().request(callback(text), asPage)).headers.get('location')
    expect(await misled(leadNobody, lost)).toEqual([])
    const leadOn = async (text: string) => {
      const page = await nobody().request(lost(text.toWellFormed()), asPage)
      return [page.status, linksOf(page.text).filter((href) => href.startsWith('/login?returnTo='))]
    }
    expect(await misled(leadOn, (page) => [400, [toLogin(page)]])).toEqual([])
  })

  test('by the page that says how long a session lasts, or that it has ended', async () => {
    const leadUser = async (text: string) => {
      const page = await user.request(`/session?${query(text)}`, asPage)
      const [way] = elements(page.text, 'a').filter((link) => attribute(link, 'class') === 'button primary')
      // Without scripts. To a parser with scripts this is text.
      const [, refresh] = /;url=(.*?)"/.exec(textOf(page.text, 'noscript') ?? '') ?? []
      return [way && attribute(way, 'href'), refresh]
    }
    expect(await misled(leadUser, (page) => [page, `/session?returnTo=${encodeURIComponent(page)}`])).toEqual(
      [],
    )
    const leadNobody = async (text: string) => {
      const [page, part] = [
        await nobody().request(`/session?${query(text)}`, asPage),
        await nobody().fetch(`/session?${query(text)}`, { headers: asFragment }),
      ]
      const logins = linksOf(page.text).filter((href) => href.startsWith('/login'))
      return [new Set(logins), part.headers.get('hx-redirect')]
    }
    const expected = (page: string) => [
      new Set([`/login?prompt=login&returnTo=${encodeURIComponent(page)}`]),
      `/session?returnTo=${encodeURIComponent(page)}`,
    ]
    expect(await misled(leadNobody, expected)).toEqual([])
  })

  test('by the form with which a visitor stays', async () => {
    const lead = (browser: Browser) => async (text: string) => {
      return (await browser.sendForm('/session', { fields: { returnTo: text } })).headers.get('location')
    }
    expect(await misled(lead(user), (page) => page)).toEqual([])
    expect(await misled(lead(nobody()), toLogin)).toEqual([])
  })

  test('by the page that htmx says it is on', async () => {
    const lead = (prefix: string) => async (text: string) => {
      const headers = { ...asFragment, 'hx-current-url': prefix + text }
      return (await nobody().fetch('/protected', { headers })).headers.get('hx-redirect')
    }
    const sendable = all.filter(([text]) => isHeaderValue(text))
    expect(sendable.length).toBeGreaterThan(500)
    expect(await misled(lead(''), () => toLogin('/'), sendable)).toEqual([])
    expect(await misled(lead(gateway.url), toLogin, good)).toEqual([])
    const pages = await Promise.all(
      hostileTexts.filter(isHeaderValue).map(async (text) => (await lead(gateway.url)(text)) ?? ''),
    )
    const wrong = pages.filter(
      (page) => !isLocal(decodeURIComponent(page.slice(toLogin('').length)), gateway.url),
    )
    expect(wrong).toEqual([])
  })

  test('by two pages at once', async () => {
    const twice = 'returnTo=/admin&returnTo=//evil.example'
    for (const path of ['/login', '/signup']) {
      const { headers } = await nobody().request(`${path}?${twice}`, asPage)
      const state = new URL(headers.get('location') ?? '').searchParams.get('state') ?? ''
      expect(JSON.parse(Buffer.from(state, 'base64url').toString()).returnTo).toBe('/')
    }
    const body = `${twice}&token=${user.formToken}`
    expect((await user.sendForm('/session', { body })).headers.get('location')).toBe('/')
  })
})

function isHeaderValue(text: string): boolean {
  try {
    validateHeaderValue('hx-current-url', text)
    return true
  } catch {
    return false
  }
}
