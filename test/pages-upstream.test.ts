import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, elements, type Page, textOf } from './support/browser.ts'
import { type Stack, startStack } from './support/stack.ts'

/** What stands in the place of the messages API; each test says how it behaves. */
let behave: RequestListener = (_req, res) => void res.end()
let upstream: Server
let stack: Stack
let user: Browser

const portOf = (server: Server) => (server.address() as AddressInfo).port

beforeAll(async () => {
  upstream = createServer((req, res) => behave(req, res)).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  stack = await startStack({ API_SERVER_URL: `http://127.0.0.1:${portOf(upstream)}` })
  user = new Browser(stack.baseUrl)
  await user.login('user@example.com')
})
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  upstream.closeAllConnections()
  upstream.close()
})

const answer =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): RequestListener =>
  (_req, res) =>
    void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)

const upgrade = 'Connection: upgrade\r\nUpgrade: websocket'

async function expectTrouble(status: number): Promise<Page> {
  const [page, part] = await Promise.all([user.open('/protected'), user.swap('/protected')])
  expect(page.status).toBe(status)
  expect(textOf(page.text, 'h1')).toBe('Protected Page')
  expect(textOf(page.text, 'title')).toBe('Protected Page · Cloakroom')
  expect(page.text).toContain('role="alert"')
  expect(page.text).toContain('Fetch again')

  expect(part.status).toBe(status)
  expect(part.text).not.toMatch(/<(html|body|h1)[\s>]/)
  expect(part.text).toContain('role="alert"')
  expect(part.text).toContain('Fetch again')
  for (const { text, headers } of [page, part]) {
    expect(text).not.toMatch(/undefined|\[object Object\]|127\.0\.0\.1:\d+\/api|ECONN|at \w+ \(/)
    expect(headers.get('cache-control')).toBe('no-store')
  }
  return page
}

describe('a page whose message cannot be had keeps its heading, says so, and offers to fetch again', () => {
  test.each<[string, RequestListener]>([
    ['no JSON', answer(200, '<h1>Welcome</h1>', { 'content-type': 'text/html' })],
    ['an empty body', answer(200, '')],
    ['half a body', (req, res) => void res.writeHead(200).write('{"text":', () => req.socket.destroy())],
    ['an error in HTML', answer(500, '<h1>Stack trace</h1>', { 'content-type': 'text/html' })],
    ['an error in JSON', answer(500, '{"message":"Internal Server Error"}')],
    ['an outage', answer(503, '{"message":"Unable to verify credentials"}')],
    ['a redirect with JSON in it', answer(302, '{"text":"elsewhere"}', { location: '/elsewhere' })],
    ['another protocol', (req) => void req.socket.write(`HTTP/1.1 101 Switching\r\n${upgrade}\r\n\r\n`)],
    ['a connection that breaks off', (req) => void req.socket.destroy()],
    // Indented, a level costs twice the depth: 10 kB would be a page of 50 MB.
    ['a list in a list, 5,000 times', answer(200, '['.repeat(5000) + ']'.repeat(5000))],
    ['a list in a list, 200,000 times', answer(200, '['.repeat(200_000) + ']'.repeat(200_000))],
    ['more than any page would show', answer(200, JSON.stringify({ text: 'x'.repeat(6_000_000) }))],
    ['the token that it was sent (P23)', (req, res) => answer(200, JSON.stringify(req.headers))(req, res)],
    ['that token with an error (P23)', (req, res) => answer(403, JSON.stringify(req.headers))(req, res)],
  ])('502 when the API gives %s', async (_case, listener) => {
    behave = listener
    const page = await expectTrouble(502)
    expect(page.text).not.toMatch(/eyJ[\w-]+\.eyJ/)
  })

  test('504 when the API does not answer', async () => {
    behave = () => undefined
    await expectTrouble(504)
  })

  test('the reason is in the log, once, under the id of the request', async () => {
    behave = answer(200, '<html>')
    const page = await user.open('/public')
    const id = page.headers.get('x-request-id')
    const line = await stack.bff.line(({ msg, requestId }) => msg === 'request failed' && requestId === id)
    expect(JSON.stringify(line)).toContain('The messages API gave no usable answer')
    expect(
      stack.bff.log.filter(({ msg, requestId }) => msg === 'request failed' && requestId === id),
    ).toHaveLength(1)
  })

  test('a redirect is not followed: it would carry the token away', async () => {
    let carried = 0
    const elsewhere = createServer((_req, res) => {
      carried += 1
      res.end('{}')
    }).listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    behave = answer(302, '', { location: `http://127.0.0.1:${portOf(elsewhere)}/` })
    await expectTrouble(502)
    elsewhere.close()
    expect(carried).toBe(0)
  })
})

test('a token that the API does not accept is the gateway’s trouble: 502, the answer, and where to look', async () => {
  behave = answer(401, '{"message":"Bad credentials"}')
  const page = await expectTrouble(502)
  expect(textOf(page.text, 'pre')).toBe('{ "message": "Bad credentials" }')
  expect(page.text).toContain('AUTH0_AUDIENCE')
  expect(page.text).not.toContain('href="/login')
})

test('the API gets the token of the visitor, the id of the request, and no cookie', async () => {
  const seen: Record<string, unknown>[] = []
  behave = (req, res) => {
    seen.push({ url: req.url, ...req.headers })
    res.end('{}')
  }
  const page = await user.open('/protected')
  await user.open('/public')
  const [withToken, without] = seen
  expect(withToken).toMatchObject({
    url: '/api/messages/protected',
    authorization: expect.stringMatching(/^Bearer \S+\.\S+\.\S+$/),
    'x-request-id': page.headers.get('x-request-id'),
  })
  expect(withToken).not.toHaveProperty('cookie')
  expect(without).not.toHaveProperty('authorization')
})

describe('a message is text, whatever is in it (X02, X11)', () => {
  test.each([
    ['markup', '<script>alert(1)</script><img src=x onerror=alert(1)>'],
    ['the end of its element', '</pre></section><h1>Hello</h1>'],
    ['a template', '<%= it.visitor %> <%~ it.settings %>'],
    ['quotes', `"'\``],
    ['attributes of htmx', '<a hx-get="/logout" data-hx-trigger="load">x</a>'],
    ['line separators, emoji and right-to-left text', '\u2028\u2029 🧥 \u202eabc אבג'],
  ])('%s', async (_case, text) => {
    const body = {
      text,
      layout: '/layouts/fragment',
      problem: { status: 503 },
      ['__proto__']: { panel: 'x' },
    }
    behave = answer(200, JSON.stringify(body))
    const page = await user.open('/public')
    expect(page.status).toBe(200)
    const [pre] = elements(page.text, 'pre')
    expect(pre?.childNodes.map((node) => ('value' in node ? node.value : node.nodeName))).toEqual([
      JSON.stringify(JSON.parse(JSON.stringify(body)), null, 2),
    ])
    expect(textOf(page.text, 'h1')).toBe('Public Page')
    expect(elements(page.text, 'img')).toEqual([])
  })
})
