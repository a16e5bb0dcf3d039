import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium } from './support/chromium.ts'
import type { LogLine } from './support/program.ts'
import { type Stack, startStack } from './support/stack.ts'
import { Upstream } from './support/upstream.ts'
import { logInAs } from './support/visitor.ts'

let upstream: Upstream
let stack: Stack
let chromium: Browser
let page: Page
/** A page of somebody else, at each of its addresses. */
const other = createServer((_req, res) =>
  res.setHeader('Content-Type', 'text/html').end('<title>evil</title>'),
)
const portOf = (server: Server) => (server.address() as AddressInfo).port

beforeAll(async () => {
  upstream = await Upstream.start()
  ;[stack, chromium] = await Promise.all([
    startStack(upstream.settings),
    launchChromium(),
    once(other.listen(0, 'localhost'), 'listening'),
  ])
  // An API that lets everybody read it; what it says must be seen by nobody else.
  upstream.answer = (req, res) => {
    res.setHeader('Access-Control-Allow-Origin', req.headers.origin ?? '*')
    res.setHeader('Access-Control-Allow-Credentials', 'true')
    res.setHeader('Content-Type', 'application/json').end('{"secret":1}')
  }
})
afterAll(async () => {
  await chromium.close()
  other.closeAllConnections()
  other.close()
  await stack[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})
beforeEach(async () => {
  page = await (await chromium.newContext()).newPage()
  await page.goto(`${stack.baseUrl}/login?returnTo=/profile`)
  await logInAs(page, 'user@example.com', stack.baseUrl)
  await page.getByRole('heading', { name: 'Profile Page' }).waitFor()
  upstream.arrived.length = 0
})
afterEach(() => page.context().close())

/** To a browser 127.0.0.1 is another site than localhost, and localhost on another port is the same site. */
const elsewhere = {
  'another site': () => `http://127.0.0.1:${portOf(other)}/`,
  'a sibling on the same site': () => `http://localhost:${portOf(other)}/`,
}

const element = (name: string, attributes: string) => `new Promise((resolve) => {
  const element = Object.assign(document.createElement('${name}'), ${attributes})
  element.onload = () => resolve('loaded')
  element.onerror = () => resolve('')
  document.head.append(element)
})`
/** Sent by a script, as a visitor could be made to send it by a button. */
const form = (path: string, encoding: string, into = 'document.body') => `(() => {
  const form = Object.assign(document.createElement('form'), { method: 'post', action: gateway + '${path}', enctype: '${encoding}' })
  form.innerHTML = '<input name="session" value="others">'
  ${into}.append(form)
  form.submit()
  return ''
})()`
const sandboxed = (path: string) => `(() => {
  const frame = document.createElement('iframe')
  frame.setAttribute('sandbox', 'allow-forms allow-scripts')
  frame.srcdoc = '<form method=post action="' + gateway + '${path}"></form><script>document.forms[0].submit()</script>'
  document.body.append(frame)
  return ''
})()`

/** What a script does, which ends with what it could find out, and the status that the gateway gave it. */
const attempts: readonly (readonly [what: string, script: string, status: number])[] = [
  [
    'a fetch of text/plain without CORS (C01)',
    `fetch(gateway + '/api/notes', { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'x' }).then((answer) => answer.type)`,
    403,
  ],
  [
    'a fetch of JSON with its preflight (C11)',
    `fetch(gateway + '/api/notes', { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{}' }).then((answer) => answer.text())`,
    403,
  ],
  [
    'a fetch with CORS (C11)',
    `fetch(gateway + '/api/own', { credentials: 'include' }).then((answer) => answer.text())`,
    403,
  ],
  [
    'a fetch of a page',
    `fetch(gateway + '/profile', { mode: 'no-cors', credentials: 'include' }).then((answer) => answer.type)`,
    403,
  ],
  ['a beacon', `navigator.sendBeacon(gateway + '/api/notes', 'x') ? '' : 'not sent'`, 403],
  [
    'an event stream (C13)',
    `new Promise((resolve) => {
      const events = new EventSource(gateway + '/api/events', { withCredentials: true })
      events.onopen = () => resolve('open')
      events.onerror = () => resolve('')
    })`,
    403,
  ],
  ['a picture (K09)', element('img', `{ src: gateway + '/api/open' }`), 403],
  ['a script (K09)', element('script', `{ src: gateway + '/api/open' }`), 403],
  ['a style sheet', element('link', `{ rel: 'stylesheet', href: gateway + '/api/open' }`), 403],
  ['a script that is a page', element('script', `{ src: gateway + '/profile' }`), 403],
  ['a login as a picture', element('img', `{ src: gateway + '/login' }`), 403],
  ['a form (C02)', form('/api/notes', 'application/x-www-form-urlencoded'), 403],
  ['a form of text/plain (C03)', form('/api/notes', 'text/plain'), 403],
  ['a multipart form (C04)', form('/api/notes', 'multipart/form-data'), 403],
  ['a form that ends sessions (C02)', form('/sessions/end', 'application/x-www-form-urlencoded'), 403],
  ['a form in a sandbox (C05)', sandboxed('/api/notes'), 403],
  ['a logout in a sandbox (C05)', sandboxed('/logout'), 403],
]

/** Runs a script in the page; what it found out, and the gateway's line about the request. */
async function run(script: string): Promise<{ found: unknown; line: LogLine }> {
  const { log } = stack.bff
  const before = log.length
  const code = `(async () => { const gateway = '${stack.baseUrl}'; try { return await ${script} } catch { return '' } })()`
  const found = await page.evaluate(code)
  const line = await stack.bff.line((each) => each.msg === 'request' && log.indexOf(each) >= before)
  return { found, line }
}

const opensProfile = async () => {
  await page.goto(`${stack.baseUrl}/profile`)
  await page.getByRole('heading', { name: 'Profile Page' }).waitFor()
}

describe.each(Object.keys(elsewhere) as (keyof typeof elsewhere)[])('a page of %s', (where) => {
  beforeEach(async () => {
    await page.goto(elsewhere[where]())
  })

  test('changes nothing, reaches no API and finds nothing out, whatever it tries', async () => {
    for (const [what, script, status] of attempts) {
      const { found, line } = await run(script)
      expect([what, found, line.status]).toEqual([what, '', status])
      // In a tab of its own: forms leave the page.
      const tab = page
      page = await page.context().newPage()
      await tab.close()
      await page.goto(elsewhere[where]())
    }
    expect(upstream.arrived).toEqual([])
    await opensProfile()
  })

  test.each(['/profile', '/api/own', '/login'])(
    'cannot show %s in a frame, nor begin a login there (K07)',
    async (path) => {
      await run(`(() => {
      document.body.append(Object.assign(document.createElement('iframe'), { src: gateway + '${path}' }))
      return ''
    })()`)
      await expect.poll(() => page.frames()[1]?.url(), { timeout: 60_000 }).toMatch(/^chrome-error:/)
      expect(await page.evaluate('document.querySelector("iframe").contentDocument')).toBeNull()
      const cookies = await page.context().cookies(stack.baseUrl)
      expect(cookies.filter(({ name }) => name.startsWith('login-'))).toEqual([])
      expect(upstream.arrived).toEqual([])
    },
  )

  test.each([
    ['/api/own', '{"message":"Permission denied"}'],
    ['/profile', 'Profile Page'],
  ])('can open %s, but not look at it (C09, K09)', async (path, text) => {
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate(`void (window.opened = window.open('${stack.baseUrl}${path}'))`),
    ])
    await opened.getByText(text).first().waitFor()
    expect(await opened.evaluate('window.opener')).toBeNull()
    // Cut off from each other (Cross-Origin-Opener-Policy): to whoever opened it, it looks like a closed window.
    expect(await page.evaluate('[window.opened.closed, window.opened.length]')).toEqual([true, 0])
    expect(upstream.arrived).toEqual([])
  })

  test('cannot have a route of the API opened by a link (C09)', async () => {
    await page.setContent(`<a href="${stack.baseUrl}/api/own">Look</a>`)
    await page.getByRole('link', { name: 'Look' }).click()
    await page.getByText('{"message":"Permission denied"}').waitFor()
    expect(upstream.arrived).toEqual([])
  })
})
