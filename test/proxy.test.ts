import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, navigationHeaders } from './support/browser.ts'
import { freePorts } from './support/ports.ts'
import { type Stack, startStack } from './support/stack.ts'
import { Upstream } from './support/upstream.ts'

const names = ['public', 'protected', 'admin'] as const
const statuses = (browser: Browser) =>
  Promise.all(names.map((name) => browser.fetch(`/api/messages/${name}`))).then((pages) =>
    pages.map(({ status }) => status),
  )

describe('the proxied routes of the messages API', () => {
  let stack: Stack
  let anonymous: Browser
  let user: Browser
  let admin: Browser
  beforeAll(async () => {
    stack = await startStack()
    anonymous = new Browser(stack.baseUrl)
    user = new Browser(stack.baseUrl)
    admin = new Browser(stack.baseUrl)
    await user.login('user@example.com')
    await admin.login('admin@example.com')
  })
  afterAll(() => stack[Symbol.asyncDispose]())

  test('answer by who asks: 200, 401, 401; 200, 200, 403; 200, 200, 200', async () => {
    expect(await statuses(anonymous)).toEqual([200, 401, 401])
    expect(await statuses(user)).toEqual([200, 200, 403])
    expect(await statuses(admin)).toEqual([200, 200, 200])
  })

  test("carry the API's own bodies", async () => {
    expect(JSON.parse((await admin.fetch('/api/messages/admin')).text)).toEqual({
      text: 'This is an admin message.',
    })
    expect(JSON.parse((await user.fetch('/api/messages/admin')).text)).toEqual({
      message: 'Permission denied',
    })
    expect(JSON.parse((await anonymous.fetch('/api/messages/admin')).text)).toEqual({
      message: 'Requires authentication',
    })
  })

  test('are JSON, are not stored, and set no cookie, whoever asks (K01)', async () => {
    for (const browser of [anonymous, user, admin]) {
      for (const name of names) {
        const { headers } = await browser.fetch(`/api/messages/${name}`)
        expect(headers.get('cache-control')).toBe('no-store')
        expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
        expect(headers.getSetCookie()).toEqual([])
        expect(headers.get('etag')).toBeNull()
        expect(headers.get('www-authenticate')).toBeNull()
      }
    }
  })

  test('are for scripts: opened in a tab they are refused, in JSON (C09)', async () => {
    for (const browser of [anonymous, user]) {
      const page = await browser.request('/api/messages/protected', { headers: navigationHeaders })
      expect([page.status, page.text, page.headers.get('location')]).toEqual([
        403,
        '{"message":"Permission denied"}',
        null,
      ])
    }
  })

  test('answer HEAD as GET, without a body', async () => {
    const page = await user.fetch('/api/messages/protected', { method: 'HEAD' })
    expect([page.status, page.text]).toEqual([200, ''])
  })

  test('take no other method, and say which they take', async () => {
    const headers = { origin: stack.baseUrl, 'sec-fetch-site': 'same-origin' }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const page = await user.fetch('/api/messages/protected', { method, headers })
      expect([method, page.status, page.headers.get('allow')]).toEqual([method, 405, 'GET, HEAD'])
    }
  })

  test.each([
    '/api',
    '/api/',
    '/api/messages',
    '/api/messages/other',
    '/api/messages/public/',
    '/API/messages/public',
    '/api/messages/PUBLIC',
    '/api//messages/public',
    '/api/messages/public/../admin',
    '/api/messages/..%2f..%2flivez',
    '/api/messages/%2e%2e/livez',
    '/api/messages/public;x',
    '/api/messages/public%00',
    '/api/../livez/x',
  ])('%s is not in the table and never reaches the API (P01, P02, P06, P07)', async (path) => {
    const before = stack.api.log.length
    const status = await rawStatus(stack.baseUrl, `GET ${path} HTTP/1.1`, ['Sec-Fetch-Mode: cors'])
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(stack.api.log.length).toBe(before)
  })

  test('close the connection of whoever asks for it', async () => {
    const startedAt = performance.now()
    expect(await rawStatus(stack.baseUrl, 'GET /api/messages/public HTTP/1.1')).toBe(200)
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })

  test('pass the request id on, and the API writes it down', async () => {
    const page = await user.fetch('/api/messages/protected')
    const requestId = page.headers.get('x-request-id')
    const line = await stack.api.line((candidate) => candidate.requestId === requestId)
    expect(line).toMatchObject({ path: '/api/messages/protected', status: 200 })
  })
})

describe('an API that fails, and a browser that goes', () => {
  let stack: Stack
  let upstream: Upstream
  let user: Browser

  beforeAll(async () => {
    upstream = await Upstream.start()
    stack = await startStack(upstream.settings)
    user = new Browser(stack.baseUrl)
    await user.login('user@example.com', '/')
  })
  afterAll(async () => {
    await stack[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  test('a browser that hangs up ends the request to the API (F34)', async () => {
    const closed = new Promise<void>((resolve) => {
      upstream.answer = (req, res) => {
        res.writeHead(200, { 'Content-Type': 'application/json' })
        res.write('x')
        req.on('close', () => resolve())
      }
    })
    const abort = new AbortController()
    const response = await fetch(`${stack.baseUrl}/api/messages/public`, { signal: abort.signal })
    expect(response.status).toBe(200)
    abort.abort()
    await closed
  })

  test('an API that closes before it answers is 502, without its address', async () => {
    upstream.answer = (_req, res) => {
      res.destroy()
    }
    const page = await user.fetch('/api/messages/protected')
    expect([page.status, page.text]).toEqual([502, '{"message":"Bad Gateway"}'])
  })

  test('an API that says nothing for ten seconds is 504 (F21)', { timeout: 60_000 }, async () => {
    upstream.answer = () => {}
    const page = await user.fetch('/api/messages/protected')
    expect([page.status, page.text]).toEqual([504, '{"message":"Gateway Timeout"}'])
  })
})

describe('an API that is down', () => {
  test('is 502 at once for scripts and pages, and nobody is logged out (F20)', async () => {
    const [port = 0] = await freePorts(1)
    await using stack = await startStack({ API_SERVER_URL: `http://127.0.0.1:${port}` })
    const user = new Browser(stack.baseUrl)
    await user.login('user@example.com')
    const startedAt = performance.now()
    const answer = await user.fetch('/api/messages/protected')
    expect(performance.now() - startedAt).toBeLessThan(5000)
    expect([answer.status, answer.text]).toEqual([502, '{"message":"Bad Gateway"}'])
    const page = await user.open('/protected')
    expect(page.status).toBe(502)
    expect(page.text).not.toContain(String(port))
    expect((await user.open('/profile')).status).toBe(200)
  })
})

/** The status of a request that is written byte by byte. */
async function rawStatus(
  base: string,
  line: string,
  headers: readonly string[] = [],
  body = '',
): Promise<number> {
  const { hostname, port, host } = new URL(base)
  const socket = connect(Number(port), hostname)
  socket.write([line, `Host: ${host}`, 'Connection: close', ...headers, '', body].join('\r\n'))
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
}
