import { afterAll, beforeAll, expect, test } from 'vitest'
import routes from '../../bff/gateway/routes.json' with { type: 'json' }
import { siteMap } from '../../bff/pages/site-map.ts'
import { Browser, formHeaders, navigationHeaders } from '../support/browser.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  // Most of the addresses below are a login.
  stack = await startStack({ LOGIN_RATE: '999999' })
})
afterAll(() => stack[Symbol.asyncDispose]())

const others = `
  /login /login?returnTo=/admin&prompt=login /signup /logout /backchannel-logout
  /callback /callback?code=x&state=y /callback?error=access_denied /callback?outcome=failed /session
  /sessions/end /livez /readyz /favicon.ico /assets/app.css
  /nowhere /api /api/nowhere /api/messages/..%2fadmin /x//y
  /.env /?token=x
`
const addresses = [
  ...siteMap.map(({ path }) => path),
  ...routes.map(({ path }) => path),
  ...others.trim().split(/\s+/),
]
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']
const script = {
  accept: '*/*',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
}
const kinds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  navigation: { ...navigationHeaders, 'sec-fetch-site': 'same-origin' },
  'navigation from elsewhere': { ...navigationHeaders, 'sec-fetch-site': 'cross-site' },
  fragment: { ...script, 'hx-request': 'true', 'hx-request-type': 'partial' },
  fetch: script,
  'event stream': { ...script, accept: 'text/event-stream' },
  prefetch: { ...navigationHeaders, 'sec-purpose': 'prefetch' },
  'no browser at all': {},
}

/** Who asks: the headers that make it so. */
async function visitors(): Promise<Readonly<Record<string, Browser>>> {
  const user = new Browser(stack.baseUrl)
  const admin = new Browser(stack.baseUrl)
  const gone = new Browser(stack.baseUrl)
  await user.login('user@example.com')
  await admin.login('admin@example.com')
  await gone.login('user@example.com')
  const cookie = await gone.jar.getCookieString(stack.baseUrl)
  await gone.sendForm('/logout')
  const ended = new Browser(stack.baseUrl, { cookie })
  const forged = new Browser(stack.baseUrl, { cookie: cookie.replace(/.{8}$/, 'xxxxxxxx') })
  return {
    nobody: new Browser(stack.baseUrl),
    user,
    admin,
    'an ended session': ended,
    'a forged ticket': forged,
  }
}

test('every address answers every method, kind of request and visitor, and nothing has a token in it', async () => {
  const all = Object.entries(await visitors()).flatMap(([who, browser]) =>
    addresses.flatMap((path) =>
      methods.flatMap((method) =>
        Object.entries(kinds).map(([kind, headers]) => ({ who, browser, path, method, kind, headers })),
      ),
    ),
  )
  const unlucky: string[] = []
  const statuses = new Set<number>()
  const walk = async () => {
    for (let next = all.pop(); next; next = all.pop()) {
      const { who, browser, path, method, kind, headers } = next
      const { formToken } = browser
      const isForm = method === 'POST' && kind === 'navigation'
      const form = isForm && {
        headers: { ...headers, ...formHeaders(stack.baseUrl) },
        body: `token=${formToken}&returnTo=/`,
      }
      // A logout that succeeds would leave nobody to go on as.
      const { status } = await browser.request(path, { method, headers, ...(path !== '/logout' && form) })
      statuses.add(status)
      if (status >= 500) unlucky.push(`${status} ${method} ${path}, ${kind}, ${who}`)
    }
  }
  expect(all.length).toBeGreaterThan(8000)
  await Promise.all(Array.from({ length: 8 }, walk))
  expect(unlucky).toEqual([])
  for (const status of [200, 204, 302, 303, 400, 401, 403, 404, 405]) expect([...statuses]).toContain(status)
  const kindsOfNeedles = new Set(stack.issuedTokens().map(({ kind }) => kind))
  expect([...kindsOfNeedles].toSorted()).toEqual([
    'access_token',
    'client_secret',
    'code',
    'code_verifier',
    'id_token',
    'refresh_token',
  ])
})
