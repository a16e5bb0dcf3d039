import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type Api, type Issuer, startApi, startIssuer } from './support/issuer.ts'

const clientOrigin = 'http://localhost:4040'

let issuer: Issuer
let api: Api
let apiWithClient: Api
beforeAll(async () => {
  issuer = await startIssuer()
  api = await startApi(issuer.url)
  apiWithClient = await startApi(issuer.url, { CLIENT_ORIGIN_URL: `${clientOrigin}/` })
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await apiWithClient[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

/** What no answer lacks, and what none has. */
function expectSafe({ headers }: Answer): void {
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('content-security-policy')?.replaceAll('; ', ';')).toBe(
    "default-src 'none';frame-ancestors 'none'",
  )
  expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('x-frame-options')).toBe('DENY')
  for (const name of ['x-powered-by', 'server', 'etag', 'set-cookie', 'via', 'server-timing']) {
    expect([name, headers.get(name)]).toEqual([name, null])
  }
}

describe('the security headers', () => {
  test.each([
    [200, 'GET /api/messages/public', 'Accept: */*'],
    [204, 'OPTIONS /api/messages/public', 'Accept: */*'],
    [400, 'GET /api/messages/protected', 'Authorization: Bearer'],
    [401, 'GET /api/messages/protected', 'Accept: */*'],
    [401, 'GET /api/messages/protected', 'Authorization: Bearer x'],
    [404, 'GET /nope', 'Accept: text/html'],
    [405, 'POST /api/messages/public', 'Accept: text/html'],
    [200, 'GET /livez', 'Accept: */*'],
  ])('are on %i for %s with %s (I03, K01, K07)', async (status, line, header) => {
    const answer = await api.raw(`${line} HTTP/1.1`, header)
    expect(answer.status).toBe(status)
    expectSafe(answer)
    expect(answer.headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(answer.headers.get('content-type')).toBe(status === 204 ? null : 'application/json; charset=utf-8')
  })

  test('are on 403', async () => {
    const answer = await api.raw(
      'GET /api/messages/admin HTTP/1.1',
      `Authorization: Bearer ${await issuer.token()}`,
    )
    expect(answer.status).toBe(403)
    expectSafe(answer)
  })

  test.each([
    [400, 'Bad Request', 'a request line that is none', 'garbage', 'X: 1'],
    [400, 'Bad Request', 'a path with a blank', 'GET /a b HTTP/1.1', 'X: 1'],
    [400, 'Bad Request', 'an address that is none', 'GET http://[/ HTTP/1.1', 'X: 1'],
    [417, 'Expectation Failed', 'an expectation nobody knows', 'GET / HTTP/1.1', 'Expect: x'],
    [400, 'Bad Request', 'another protocol', 'PRI * HTTP/2.0', 'X: 1'],
    [400, 'Bad Request', 'an unknown method', 'FETCH / HTTP/1.1', 'X: 1'],
    [400, 'Bad Request', 'a header without a name', 'GET / HTTP/1.1', ': x'],
    [400, 'Bad Request', 'a header on two lines', 'GET / HTTP/1.1', 'Authorization: Bearer\r\n x'],
    [400, 'Bad Request', 'a NUL in a token (J06)', 'GET / HTTP/1.1', 'Authorization: Bearer a\0b'],
    [400, 'Bad Request', 'two lengths', 'POST / HTTP/1.1', 'Content-Length: 1\r\nTransfer-Encoding: chunked'],
    [
      431,
      'Request Header Fields Too Large',
      'a header of 20 kB',
      'GET / HTTP/1.1',
      `Authorization: Bearer ${'a'.repeat(20_000)}`,
    ],
  ])('are on %i %s, in JSON, for %s', async (status, message, _what, line, header) => {
    const answer = await api.raw(line, header)
    expect([answer.status, answer.text]).toEqual([status, JSON.stringify({ message })])
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expectSafe(answer)
  })

  test('are on 400 for a request without a Host header', async () => {
    const [response]: IncomingMessage[] = await once(get(`${api.url}/livez`, { setHost: false }), 'response')
    let text = ''
    for await (const chunk of response ?? []) text += chunk
    expect([response?.statusCode, text]).toEqual([400, '{"message":"Bad Request"}'])
    expectSafe({ status: 400, headers: new Headers(response?.headers as Record<string, string>), text })
  })

  test('go on being there for the next client', async () => {
    await api.raw('garbage')
    expect((await request(api.url).get('/livez')).status).toBe(200)
  })
})

describe('CORS', () => {
  const corsHeaders = (headers: Record<string, string>) =>
    Object.keys(headers).filter((name) => name.startsWith('access-control-'))
  const preflight = {
    'Access-Control-Request-Method': 'GET',
    'Access-Control-Request-Headers': 'authorization',
  }

  test('is off unless a client origin is set', async () => {
    for (const method of ['get', 'options'] as const) {
      const answer = await request(api.url)
        [method]('/api/messages/public')
        .set({ Origin: clientOrigin, ...preflight })
      expect(corsHeaders(answer.headers)).toEqual([])
      expect(answer.headers.vary).toBeUndefined()
    }
  })

  test.each([
    [200, '/api/messages/public'],
    [401, '/api/messages/protected'],
    [404, '/nope'],
  ])('lets the client read a %i, without credentials', async (status, path) => {
    const answer = await request(apiWithClient.url).get(path).set('Origin', clientOrigin)
    expect(answer.status).toBe(status)
    expect(answer.headers['access-control-allow-origin']).toBe(clientOrigin)
    expect(answer.headers.vary).toBe('Origin')
    expect(corsHeaders(answer.headers)).toEqual(['access-control-allow-origin'])
  })

  test('answers the preflight of the client for a day, without credentials', async () => {
    const answer = await request(apiWithClient.url)
      .options('/api/messages/admin')
      .set({ Origin: clientOrigin, ...preflight })
    expect([answer.status, answer.text]).toEqual([204, ''])
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': clientOrigin,
      'access-control-allow-methods': 'GET',
      'access-control-allow-headers': 'Authorization, Content-Type',
      'access-control-max-age': '86400',
      vary: 'Origin',
    })
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
  })

  test.each([
    'http://localhost:40400',
    'http://localhost:404',
    'http://localhost',
    'https://localhost:4040',
    'HTTP://LOCALHOST:4040',
    'http://localhost:4040/',
    'http://localhost:4040.evil.example',
    'http://evil.example/http://localhost:4040',
    'http://localhost:4040, http://evil.example',
    'null',
    '*',
    undefined,
  ])('is silent to the origin %s, and tells caches that this depends on the origin', async (origin) => {
    for (const method of ['get', 'options'] as const) {
      const answer = await request(apiWithClient.url)
        [method]('/api/messages/public')
        .set({ ...preflight, ...(origin !== undefined && { Origin: origin }) })
      expect(answer.status).toBe(method === 'get' ? 200 : 204)
      expect(corsHeaders(answer.headers)).toEqual([])
      expect(answer.headers.vary).toBe('Origin')
    }
  })
})
