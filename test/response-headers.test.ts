import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, formHeaders, navigationHeaders, type Page } from './support/browser.ts'
import {
  type Gateway,
  type OpenidProvider,
  startGateway,
  startOpenidProvider,
} from './support/openid-provider.ts'
import { freePorts } from './support/ports.ts'
import { expectSafe } from './support/safe-headers.ts'

let provider: OpenidProvider
let gateway: Gateway
let user: Browser
beforeAll(async () => {
  provider = await startOpenidProvider()
  const [nobody = 0] = await freePorts(1)
  // There is no API.
  gateway = await startGateway(provider, { API_SERVER_URL: `http://127.0.0.1:${nobody}`, LOGIN_RATE: '12' })
  user = await gateway.login()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

type Fields = Readonly<Record<string, string>>
const page: Fields = { ...navigationHeaders, 'sec-fetch-site': 'same-origin' }
const script: Fields = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }
const fragment: Fields = { ...script, 'hx-request': 'true', 'hx-request-type': 'partial' }
const crossSite: Fields = { ...navigationHeaders, 'sec-fetch-site': 'cross-site' }
const form = (): Fields => ({ ...page, ...formHeaders(gateway.url) })

const policyFor = (issuer: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' https: ${issuer}`,
    "connect-src 'self'",
    `form-action 'self' ${issuer}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join(';')

function expectPrivate(answer: Page): void {
  expectSafe(answer)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('content-security-policy')).toBe(policyFor(new URL(provider.url).origin))
}

describe('the security headers (I03, K07, K08) and no-store (K01)', () => {
  type Ask = readonly [status: number, what: string, ask: () => Promise<Page>]
  const get =
    (path: string, headers: Fields, browser = () => user) =>
    () =>
      browser().request(path, { headers })
  const nobody = () => new Browser(gateway.url)
  const post =
    (path: string, fields: Fields = {}) =>
    () =>
      user.sendForm(path, { fields })
  test.each<Ask>([
    [200, 'a page', get('/', page)],
    [200, 'a fragment', get('/profile', fragment)],
    [200, 'a page without its body', () => user.request('/', { method: 'HEAD', headers: page })],
    [200, 'the page that leads on', get('/profile', crossSite)],
    [200, 'a health check', get('/livez', {})],
    [200, 'a readiness check', get('/readyz', {})],
    [204, 'the end of a session, for htmx', get('/session', fragment, nobody)],
    [302, 'the way to the provider', get('/login', page)],
    [303, 'the way to login', get('/profile', page, nobody)],
    [303, 'the way back from a form', post('/session', { returnTo: '/' })],
    [303, 'the way back to a page, of a callback that was used', get('/callback?state=x', page)],
    [400, 'a path that two programs read differently', get('/a;b', page)],
    [303, 'a callback without a login', get('/callback?code=x&state=y', page, nobody)],
    [400, 'what is said of that', get('/callback?outcome=lost', page, nobody)],
    [400, 'a logout token that is none', () => gateway.logOut('x')],
    [400, 'a form that says too little', post('/sessions/end')],
    [401, 'nobody, for a script', get('/api/messages/protected', script, nobody)],
    [401, 'nobody, for htmx', get('/profile', fragment, nobody)],
    [401, 'nobody, on a guess', get('/profile', { ...page, 'sec-purpose': 'prefetch' }, nobody)],
    [403, 'a form of another site', () => user.request('/logout', { method: 'POST', headers: crossSite })],
    [403, 'a form without its token', () => user.request('/logout', { method: 'POST', headers: form() })],
    [
      403,
      'a picture on another site',
      get('/profile', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }),
    ],
    [403, 'a route of the API in a tab', get('/api/messages/public', page)],
    [404, 'no page', get('/nothing', page)],
    [404, 'no route of the API', get('/api/nothing', script)],
    [404, 'an asset of an earlier version', get('/assets/app.000000000000.js', script)],
    [405, 'a method of no page', post('/profile')],
    [
      405,
      'a method of no route',
      () => user.request('/api/messages/public', { method: 'OPTIONS', headers: script }),
    ],
    [405, 'a method of nothing', () => user.request('/', { method: 'PROPFIND', headers: script })],
    [413, 'a form that is too long', post('/session', { returnTo: '/'.repeat(5000) })],
    [421, 'another host', get('/', { ...page, host: 'evil.example' })],
    [502, 'a page without its API', get('/public', page)],
    [502, 'a route without its API', get('/api/messages/public', script)],
    [303, 'a logout', post('/logout')],
  ])('are on %i for %s', async (status, _what, ask) => {
    const answer = await ask()
    expect(answer.status).toBe(status)
    expectPrivate(answer)
  })

  test('send the address of a callback, which has the code, nowhere (L24, I04)', async () => {
    const lost = await new Browser(gateway.url).request('/callback?code=x&state=y', { headers: page })
    const onward = await user.request('/callback?code=x&state=y', { headers: crossSite })
    const policies = [lost, onward].map(({ headers }) => headers.get('referrer-policy'))
    expect(policies).toEqual(['no-referrer', 'no-referrer'])
  })

  test('are on 429', async () => {
    let answer: Page
    do answer = await user.request('/login', { headers: page })
    while (answer.status === 302)
    expect(answer.status).toBe(429)
    expectPrivate(answer)
  })
})
