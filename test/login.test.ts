import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, type Page, textOf } from './support/browser.ts'
import { formTokenFor } from './support/form-token.ts'
import { type Stack, startStack } from './support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack[Symbol.asyncDispose]())

const newBrowser = () => new Browser(stack.baseUrl)

/** The address of the authorization request that a login begins with. */
async function authorization(browser: Browser, path: string): Promise<URL> {
  const page = await browser.request(path)
  return new URL(page.headers.get('location') ?? '')
}

describe('logging in', () => {
  test('an anonymous visitor comes back to the page asked for, query included', async () => {
    const browser = newBrowser()
    const form = await browser.open('/protected?from=mail')
    expect(form.url.origin).toBe(stack.tenantUrl)
    const page = await browser.submit(form, { email: 'user@example.com', password: 'Passw0rd!' })
    expect(page.url.href).toBe(`${stack.baseUrl}/protected?from=mail`)
    expect(page.status).toBe(200)
  })

  test('the request to the provider is code with PKCE S256, for the API, with a refresh token', async () => {
    const { searchParams } = await authorization(newBrowser(), '/login')
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      scope: 'openid profile email offline_access',
      audience: 'https://hello-world.example.com',
      redirect_uri: `${stack.baseUrl}/callback`,
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  test('two visitors never get the same state (L06)', async () => {
    const [one, two] = await Promise.all([
      authorization(newBrowser(), '/login'),
      authorization(newBrowser(), '/login'),
    ])
    expect(one.searchParams.get('state')).not.toBe(two.searchParams.get('state'))
  })

  test('parameters in the address do not reach the provider, but for prompt=login (L25)', async () => {
    const path = '/login?audience=x&scope=openid&prompt=none&redirect_uri=https://evil.example&acr_values=x'
    const { searchParams } = await authorization(newBrowser(), path)
    expect(searchParams.get('audience')).toBe('https://hello-world.example.com')
    expect(searchParams.get('redirect_uri')).toBe(`${stack.baseUrl}/callback`)
    expect(searchParams.has('prompt')).toBe(false)
    expect((await authorization(newBrowser(), '/login?prompt=login')).searchParams.get('prompt')).toBe(
      'login',
    )
  })

  test('sign-up asks the provider for its sign-up form', async () => {
    const address = await authorization(newBrowser(), '/signup?returnTo=/profile')
    expect(address.searchParams.get('screen_hint')).toBe('signup')
  })

  test('a new user is logged in and has no permission', async () => {
    const browser = newBrowser()
    const form = await browser.open('/signup?returnTo=/admin')
    const page = await browser.submit(form, { email: 'new@example.com', password: 'correct horse' })
    expect(page.status).toBe(403)
    expect(page.url.pathname).toBe('/admin')
  })

  test.each(['https://evil.example/', '//evil.example', '/\\evil.example', '/logout', '/api/messages/admin'])(
    'returnTo %s ends on the start page (L15, L17)',
    async (value) => {
      const browser = newBrowser()
      const page = await browser.login('user@example.com', value)
      expect(page.url.href).toBe(`${stack.baseUrl}/`)
    },
  )

  test('a Host header of somebody else does not change the callback address (L20)', async () => {
    const page = await newBrowser().request('/login', { headers: { 'x-forwarded-host': 'evil.example' } })
    expect(new URL(page.headers.get('location') ?? '').searchParams.get('redirect_uri')).toBe(
      `${stack.baseUrl}/callback`,
    )
  })

  test('every login makes a new ticket, and the one before is worthless (S03, S05, S10)', async () => {
    const browser = newBrowser()
    await browser.login('user@example.com')
    const first = await browser.ticket()
    const copy = await copyOf(browser)
    await browser.login('user@example.com')
    expect(await browser.ticket()).not.toBe(first)
    expect((await copy.fetch('/api/messages/protected')).status).toBe(401)

    const second = await copyOf(browser)
    await browser.login('admin@example.com', '/profile')
    expect((await second.fetch('/api/messages/protected')).status).toBe(401)
    expect((await browser.open('/profile')).text).not.toContain('user@example.com')
  })

  test('a ticket that somebody planted is not taken over (S03, S04)', async () => {
    const browser = newBrowser()
    const planted = 'A'.repeat(43)
    await browser.jar.setCookie(`ticket-${new URL(stack.baseUrl).port}=${planted}`, stack.baseUrl)
    await browser.login('user@example.com')
    expect(await browser.ticket()).not.toBe(planted)
    const attacker = newBrowser()
    await attacker.jar.setCookie(`ticket-${new URL(stack.baseUrl).port}=${planted}`, stack.baseUrl)
    expect((await attacker.fetch('/api/messages/protected')).status).toBe(401)
  })

  test('beginning a login and leaving it changes nothing for who is logged in', async () => {
    const browser = newBrowser()
    await browser.login('user@example.com')
    const ticket = await browser.ticket()
    await browser.open('/login?prompt=login')
    expect(await browser.ticket()).toBe(ticket)
    expect((await browser.fetch('/api/messages/protected')).status).toBe(200)
  })

  test('the cookie is HttpOnly, Strict, for this host, and its value says nothing (S17, S22)', async () => {
    const browser = newBrowser()
    await browser.login('user@example.com')
    const [line] = browser.seen.flatMap(({ headers }) =>
      headers.getSetCookie().filter((cookie) => cookie.startsWith('ticket-')),
    )
    expect(line).toMatch(/^ticket-\d+=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/)
  })
})

describe('a login that does not end well', () => {
  test('who cancels reads so, and can try again', async () => {
    const browser = newBrowser()
    const form = await browser.open('/login?returnTo=/protected')
    const page = await cancel(browser, form)
    expect(page.status).toBe(403)
    expect(textOf(page.text, 'h1')).toBe('The login was cancelled')
    expect(page.text).not.toContain('User did not authorize')
    expect(await browser.ticket()).toBeUndefined()
  })

  test.each([
    ['nothing at all', '/callback'],
    ['a code and a state of nobody', '/callback?code=x-code&state=y'],
    [
      'a state that names no slot',
      `/callback?code=x-code&state=${encode({ returnTo: '/', slot: 99, begunAt: 1 })}`,
    ],
    [
      'a state that was never begun',
      `/callback?code=x-code&state=${encode({ returnTo: '/admin', slot: 0, begunAt: 1 })}`,
    ],
    ['an error of nobody', '/callback?error=access_denied&error_description=%3Cscript%3E'],
  ])('a callback with %s is a page with a way on, not a stack (I02, L01, L02, L13)', async (_name, path) => {
    const page = await newBrowser().open(path)
    expect(page.status).toBe(400)
    expect(textOf(page.text, 'h1')).toBe('This login cannot go on')
    expect(page.text).toContain('href="/login?returnTo=')
    expect(page.text).not.toMatch(/<script>|at .*\.js|node_modules/)
    // Neither in the links of the bar, which lead back to the page that they are on.
    expect(page.text).not.toMatch(/x-code|error_description/)
  })

  test.each([
    ['lost', 400, 'This login cannot go on'],
    ['cancelled', 403, 'The login was cancelled'],
    ['failed', 400, 'The login did not work'],
    ['away', 503, 'The identity provider is out of reach'],
    ['unsaved', 503, 'Service Unavailable'],
    ['__proto__', 400, 'This login cannot go on'],
  ])('the page about a login that is %s says nothing of the address', async (outcome, status, title) => {
    const address = `/callback?outcome=${outcome}&returnTo=//evil.example&text=Hello`
    const page = await newBrowser().open(address)
    expect([page.status, textOf(page.text, 'h1')]).toEqual([status, title])
    expect(page.text).not.toMatch(/evil|Hello/)
  })

  test('a code does not stay in the address when the login fails (L24)', async () => {
    const browser = newBrowser()
    const [cancelled, lost, used] = [
      await cancel(browser, await browser.open('/login?returnTo=/protected')),
      await newBrowser().open('/callback?code=x-code&state=y'),
      await newBrowser().open(await callbackOf(newBrowser())),
    ]
    for (const page of [cancelled, lost, used]) {
      expect(page.url.pathname).toBe('/callback')
      expect([...page.url.searchParams.keys()]).toEqual(['outcome', 'returnTo'])
      expect([page.headers.get('cache-control'), page.headers.get('referrer-policy')]).toEqual([
        'no-store',
        'no-referrer',
      ])
    }
    expect(used.url.searchParams.get('returnTo')).toBe('/protected')
  })

  test('a state that was changed on its way is refused (L01, L03)', async () => {
    const browser = newBrowser()
    const address = await authorization(browser, '/login')
    const state = address.searchParams.get('state') ?? ''
    const begun = JSON.parse(Buffer.from(state, 'base64url').toString())
    const changed = encode({ ...begun, returnTo: '/admin' })
    const page = await browser.open(`/callback?code=x&state=${changed}`)
    expect(page.status).toBe(400)
    expect(await browser.ticket()).toBeUndefined()
  })

  test('the code of another browser is refused (L05, L06)', async () => {
    const attacker = newBrowser()
    const stolen = await callbackOf(attacker)
    const victim = newBrowser()
    await victim.open('/login')
    const page = await victim.open(stolen)
    expect(page.status).toBe(400)
    expect(await victim.ticket()).toBeUndefined()
  })

  test('the Back button after a login leads on to the page and redeems nothing (L04)', async () => {
    const browser = newBrowser()
    await browser.login('user@example.com', '/protected')
    const callback = browser.seen.find(({ url }) => url.pathname === '/callback')
    const grants = stack.tenant.log.length
    const page = await browser.open(callback?.url ?? '')
    expect(page.url.pathname).toBe('/protected')
    expect(stack.tenant.log.length).toBe(grants)
  })

  test.each(['HEAD', 'POST', 'PUT'])(
    '%s /callback is not allowed and uses up no code (L18)',
    async (method) => {
      const browser = newBrowser()
      const callback = await callbackOf(browser)
      const origin = { origin: stack.baseUrl, 'sec-fetch-site': 'same-origin' }
      expect((await browser.request(callback, { method, headers: origin })).status).toBe(405)
      expect((await browser.open(callback)).status).toBe(200)
    },
  )

  test('HEAD /login begins no login', async () => {
    const page = await newBrowser().request('/login', { method: 'HEAD' })
    expect(page.status).toBe(405)
    expect(page.headers.getSetCookie()).toEqual([])
  })
})

describe('several tabs', () => {
  test.each([
    ['older first', [0, 1]],
    ['newer first', [1, 0]],
  ])('two logins at once both end logged in, %s, each on its own page (L11)', async (_name, order) => {
    const browser = newBrowser()
    const forms = [await browser.open('/protected'), await browser.open('/profile')]
    const pages: Page[] = []
    for (const index of order) {
      const form = forms[index]
      if (form)
        pages[index] = await browser.submit(form, { email: 'user@example.com', password: 'Passw0rd!' })
    }
    expect(pages.map(({ status, url }) => [status, url.pathname])).toEqual([
      [200, '/protected'],
      [200, '/profile'],
    ])
    expect((await browser.fetch('/api/messages/protected')).status).toBe(200)
  })

  test('the Back button onto a used callback does not use up the login of another tab (L04, L11)', async () => {
    const browser = newBrowser()
    await browser.login('user@example.com', '/protected')
    const used = browser.seen.find(({ url }) => url.pathname === '/callback')
    const form = await browser.open('/login?returnTo=/public&prompt=login')
    expect((await browser.open(used?.url ?? '')).url.pathname).toBe('/protected')
    const page = await browser.submit(form, { email: 'admin@example.com', password: 'Passw0rd!' })
    expect([page.status, page.url.pathname]).toEqual([200, '/public'])
    expect(page.text).toContain('admin@example.com')
  })

  test('a sixth login takes the place of the oldest, and the browser keeps five transactions', async () => {
    const browser = newBrowser()
    const begun: string[] = []
    for (let count = 0; count < 12; count += 1) {
      const address = await authorization(browser, `/login?returnTo=/${count}`)
      begun.push(address.searchParams.get('state') ?? '')
      // Not in the same millisecond.
      await wait(2)
    }
    const cookies = await browser.jar.getCookies(stack.baseUrl)
    expect(cookies.filter(({ key }) => key.startsWith('login-'))).toHaveLength(5)
    const goesOn: string[] = []
    for (const state of begun) {
      const page = await browser.open(`/callback?error=access_denied&state=${state}`)
      if (textOf(page.text, 'h1') !== 'This login cannot go on') goesOn.push(state)
    }
    expect(goesOn).toEqual(begun.slice(-5))
  })

  test.each(['nonsense', '%', '%7B%7D.x', `${encodeURIComponent(JSON.stringify({ state: 'x' }))}.y`])(
    'a transaction that says %s is the first to go, and keeps nobody from logging in',
    async (value) => {
      const browser = newBrowser()
      for (let count = 0; count < 5; count += 1) await browser.request('/login')
      const name = (slot: number) => `login-${slot}-${new URL(stack.baseUrl).port}`
      await browser.jar.setCookie(`${name(3)}=${value}; Path=/`, stack.baseUrl)
      await browser.request('/login')
      const cookies = await browser.jar.getCookies(stack.baseUrl)
      expect(cookies.find(({ key }) => key === name(3))?.value).toMatch(/^[\w-]{200,}\.[\w-]+$/)
      expect((await browser.login('user@example.com')).status).toBe(200)
    },
  )
})

describe('logging out', () => {
  test('the ticket from before is worthless, and the browser comes back by the provider (S06)', async () => {
    const browser = newBrowser()
    const page = await browser.login('user@example.com')
    const copy = await copyOf(browser)
    const end = await browser.post(page, '/logout')
    expect(end.url.href).toBe(`${stack.baseUrl}/`)
    expect(await browser.ticket()).toBeUndefined()
    expect((await copy.fetch('/api/messages/protected')).status).toBe(401)
    // Logged out there too: the form is shown again.
    expect((await browser.open('/protected')).text).toContain('name="password"')
  })

  test('no address on the way holds a token (O03)', async () => {
    const browser = newBrowser()
    const page = await browser.login('user@example.com')
    const before = browser.seen.length
    await browser.post(page, '/logout')
    for (const { url } of browser.seen.slice(before)) {
      expect(url.href).not.toMatch(/eyJ|id_token_hint/)
    }
  })

  test('the refresh token is revoked (O06)', async () => {
    const browser = newBrowser()
    const page = await browser.login('user@example.com')
    const revoked = () => stack.tenant.log.filter(({ msg }) => msg === 'grant revoked').length
    const before = revoked()
    await browser.post(page, '/logout')
    expect(revoked()).toBe(before + 1)
  })

  test('a link cannot log anybody out (O01)', async () => {
    const browser = newBrowser()
    await browser.login('user@example.com')
    expect((await browser.open('/logout')).status).toBe(405)
    expect((await browser.fetch('/api/messages/protected')).status).toBe(200)
  })

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['another port of this host', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' }],
    ['an old browser on another site', { origin: 'https://evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['nowhere', {}],
  ])('a form on %s logs nobody out (O02, C05, C06, C07)', async (_name, headers) => {
    const browser = newBrowser()
    await browser.login('user@example.com')
    expect((await logOutWith(browser, headers)).status).toBe(403)
    expect((await browser.fetch('/api/messages/protected')).status).toBe(200)
  })

  test('an old browser without Sec-Fetch-Site logs out by its Origin', async () => {
    const browser = newBrowser()
    await browser.login('user@example.com')
    expect((await logOutWith(browser, { origin: stack.baseUrl })).status).toBe(303)
    expect(await browser.ticket()).toBeUndefined()
  })

  test('twenty logouts at once all succeed and revoke once (S09, O08)', async () => {
    const browser = newBrowser()
    await browser.login('user@example.com')
    const revoked = () => stack.tenant.log.filter(({ msg }) => msg === 'grant revoked').length
    const before = revoked()
    const copies = await Promise.all(Array.from({ length: 20 }, () => copyOf(browser)))
    const headers = { 'sec-fetch-site': 'same-origin' }
    const answers = await Promise.all(copies.map((copy) => logOutWith(copy, headers)))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(303))
    expect(revoked()).toBe(before + 1)
  })
})

/** It sends no header that says where a request comes from (Safari before 16.4), but knows SameSite=Strict. */
class OldBrowser extends Browser {
  protected override sent(headers: Readonly<Record<string, string>>) {
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('sec-fetch-')))
  }
}

/** It says to the gateway that it comes through a proxy. */
class ForwardedBrowser extends Browser {
  protected override sent(headers: Readonly<Record<string, string>>, url: URL) {
    if (url.origin !== stack.baseUrl) return headers
    return {
      ...headers,
      'x-forwarded-host': 'evil.example',
      'x-forwarded-port': 'abc',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example;proto=https',
    }
  }
}

test('what a client says was forwarded changes nothing about a login (L19, L20)', async () => {
  const browser = new ForwardedBrowser(stack.baseUrl)
  const page = await browser.login('user@example.com', '/protected')
  expect([page.url.href, page.status]).toEqual([`${stack.baseUrl}/protected`, 200])
  for (const { headers } of browser.seen) expect(headers.get('location') ?? '').not.toContain('evil')
})

test('an old browser that does not say where requests come from logs in once, and stays logged in', async () => {
  const browser = new OldBrowser(stack.baseUrl)
  const page = await browser.login('user@example.com', '/protected')
  expect([page.url.pathname, page.status, textOf(page.text, 'h1')]).toEqual([
    '/protected',
    200,
    'Protected Page',
  ])
  expect(browser.seen.filter(({ url }) => url.pathname === '/callback')).toHaveLength(1)
  expect((await browser.fetch('/api/messages/protected')).status).toBe(200)
  expect((await browser.post(page, '/logout')).url.href).toBe(`${stack.baseUrl}/`)
})

const encode = (state: object) => Buffer.from(JSON.stringify(state)).toString('base64url')

/** A form with the right token and these headers. */
async function logOutWith(browser: Browser, headers: Readonly<Record<string, string>>): Promise<Page> {
  const token = formTokenFor(stack, (await browser.ticket()) ?? '')
  const all = { 'content-type': 'application/x-www-form-urlencoded', ...headers }
  return browser.request('/logout', { method: 'POST', headers: all, body: `token=${token}` })
}

/** A browser with the same cookies: what somebody has who copied them. */
async function copyOf(browser: Browser): Promise<Browser> {
  const copy = newBrowser()
  for (const cookie of await browser.jar.getCookies(stack.baseUrl)) {
    await copy.jar.setCookie(cookie.toString(), stack.baseUrl)
  }
  return copy
}

/** The address of a callback that was not visited yet. */
async function callbackOf(browser: Browser): Promise<URL> {
  const form = await browser.open('/login?returnTo=/protected')
  const original = browser.request.bind(browser)
  let callback: URL | undefined
  browser.request = async (path, options) => {
    const url = new URL(path, stack.baseUrl)
    if (url.pathname !== '/callback') return original(path, options)
    callback = url
    return { url, status: 200, headers: new Headers(), text: '' }
  }
  await browser.submit(form, { email: 'user@example.com', password: 'Passw0rd!' })
  browser.request = original
  if (!callback) throw new Error('The login did not come back')
  return callback
}

async function cancel(browser: Browser, form: Page): Promise<Page> {
  const action = /action="([^"]*cancel[^"]*)"/.exec(form.text)?.[1]
  return browser.post(form, action ?? '')
}
