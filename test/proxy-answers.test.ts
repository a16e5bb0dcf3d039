import type { RequestListener, ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Proxied, startProxied, statuses } from './support/proxied.ts'

let all: Proxied
beforeAll(async () => {
  all = await startProxied()
})
afterAll(() => all[Symbol.asyncDispose]())
beforeEach(() => {
  all.upstream.answer = good
})

const json = { 'Content-Type': 'application/json' }
const good: RequestListener = (_req, res) => void res.writeHead(200, json).end('{}')
const answerWith = (status: number, headers: Readonly<Record<string, string | string[]>>, body = '') => {
  all.upstream.answer = (_req, res: ServerResponse) => void res.writeHead(status, headers).end(body)
}
const namesOf = (answer: string) =>
  [...(answer.split('\r\n\r\n')[0] ?? '').matchAll(/^([\w-]+):/gm)].map(([, name = '']) => name.toLowerCase())
const get = (path = '/api/own', method = 'GET') => all.send(`${method} ${path} HTTP/1.1`, all.ownLines)

describe('the headers of an answer', () => {
  test('are ours, but for what says what the body is and when to come again (P20, P22, X07)', async () => {
    const plain = namesOf(await get())
    answerWith(
      200,
      {
        ...json,
        'Content-Language': 'de',
        'Retry-After': '7',
        'Set-Cookie': [`${all.cookie.split('=')[0]}=EVIL`, 'other=1; Path=/'],
        'Set-Cookie2': 'x=1',
        Location: '/inner',
        'Content-Location': '/inner',
        'WWW-Authenticate': 'Bearer realm="api"',
        'Proxy-Authenticate': 'Basic',
        'Authentication-Info': 'x',
        Authorization: 'Bearer x',
        Server: 'x',
        Via: '1.1 inner',
        'X-Powered-By': 'x',
        'X-Request-Id': 'theirs',
        'Server-Timing': 'db;dur=1',
        'Timing-Allow-Origin': '*',
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Expose-Headers': '*',
        'Content-Security-Policy': "default-src 'unsafe-inline'",
        'Cross-Origin-Resource-Policy': 'cross-origin',
        'X-Frame-Options': 'ALLOWALL',
        'Strict-Transport-Security': 'max-age=0',
        'Permissions-Policy': 'camera=*',
        'Referrer-Policy': 'unsafe-url',
        'Clear-Site-Data': '"cookies"',
        'Content-Disposition': 'attachment; filename=x.exe',
        'Cache-Control': 'public, max-age=99',
        'CDN-Cache-Control': 'max-age=99',
        'Surrogate-Control': 'max-age=99',
        Expires: 'Wed, 21 Oct 2099 07:28:00 GMT',
        Age: '1',
        ETag: '"x"',
        'Last-Modified': 'Wed, 21 Oct 2015 07:28:00 GMT',
        Vary: '*',
        Refresh: '0;url=https://evil.example/',
        Link: '<https://evil.example/x.js>; rel=preload',
        SourceMap: '/x.map',
        'Service-Worker-Allowed': '/',
        'HX-Redirect': 'https://evil.example/',
        'HX-Location': 'https://evil.example/',
        'HX-Trigger': 'x',
        'HX-Push-Url': '/admin',
        'X-Accel-Redirect': '/etc/passwd',
        'X-Sendfile': '/etc/passwd',
        'X-Accel-Buffering': 'no',
        'Alt-Svc': 'h2="evil.example:443"',
        'Report-To': '{}',
        NEL: '{}',
        'Keep-Alive': 'timeout=9999',
        Trailer: 'X',
        Upgrade: 'h2c',
        'Accept-CH': 'Sec-CH-UA-Model',
        'X-Anything-Else': 'x',
      },
      '{"a":1}',
    )
    const answer = await get()
    expect(statuses(answer)).toEqual([200])
    const added = namesOf(answer).filter((name) => !plain.includes(name))
    expect(added.toSorted()).toEqual(['content-language', 'retry-after'])
    // Each once.
    expect(namesOf(answer).toSorted()).toEqual([...plain, ...added].toSorted())
    expect(answer).toMatch(/^Cache-Control: no-store\r$/m)
    expect(answer).toMatch(/^Cross-Origin-Resource-Policy: same-origin\r$/m)
    expect(answer).not.toMatch(/evil|inner|theirs|unsafe|\b99\b/)
  })

  test.each([300, 301, 302, 303, 304, 307, 308, 399])('a redirect is 502: %i (P21)', async (status) => {
    for (const location of [`http://${all.upstream.host}/inner`, 'https://evil.example/', '/api/open']) {
      const before = all.upstream.arrived.length
      answerWith(status, { ...json, Location: location })
      await all.expectRefused(await get(), 'The API answered with a redirect')
      expect(all.upstream.arrived.length).toBe(before + 1)
    }
  })

  test.each(['gzip', 'br', 'identity', ''])(
    'a body that says it is compressed is 502: %j (P27)',
    async (coding) => {
      answerWith(200, { ...json, 'Content-Encoding': coding }, '{}')
      await all.expectRefused(await get(), 'The API compressed its answer')
    },
  )

  test.each([
    'text/html',
    'TEXT/HTML; charset=utf-8',
    'image/svg+xml',
    'application/xhtml+xml',
    'text/javascript',
    'application/json-seq',
    'application/json, text/html',
    // Browsers take the last of a list (fetch.spec.whatwg.org, "extract a MIME type").
    'application/json; x=y, text/html',
    'multipart/x-mixed-replace; boundary=x',
    '',
  ])('what a browser could show as a page of ours is 502: %j (P24)', async (type) => {
    for (const status of [200, 404, 500]) {
      answerWith(status, { 'Content-Type': type }, '<script>alert(1)</script>')
      await all.expectRefused(await get(), 'The API answered with')
    }
  })

  test('a body without a type is 502 (P24)', async () => {
    answerWith(200, {}, '<script>alert(1)</script>')
    await all.expectRefused(await get(), 'The API answered with no media type')
  })

  test('a route answers with what the table says, and with nothing else', async () => {
    answerWith(200, { 'Content-Type': 'application/octet-stream' }, '\0\x01')
    expect(statuses(await get('/api/download'))).toEqual([200])
    await all.expectRefused(await get(), 'application/octet-stream')
    answerWith(404, { 'Content-Type': 'Application/Problem+JSON ; charset=utf-8' }, '{"title":"x"}')
    const problem = await get()
    expect(statuses(problem)).toEqual([404])
    expect(problem).toContain('{"title":"x"}')
  })

  test.each([
    [204, {}],
    [200, { 'Content-Length': '0' }],
    [201, { 'Content-Length': '0' }],
    [401, { 'Content-Length': '0' }],
  ])('an answer without a body needs no type: %i %j', async (status, headers) => {
    answerWith(status, headers)
    const answer = await get('/api/notes/1', 'DELETE')
    expect(statuses(answer)).toEqual([status])
    expect(answer).toMatch(/\r\n\r\n$/)
  })

  test('HEAD says how long the answer would be, and has none', async () => {
    answerWith(200, { ...json, 'Content-Length': '1234' })
    const answer = await get('/api/own', 'HEAD')
    expect(answer).toMatch(/^Content-Length: 1234\r$/im)
    expect(answer).toMatch(/\r\n\r\n$/)
    answerWith(200, { 'Content-Type': 'text/html' })
    expect(statuses(await get('/api/own', 'HEAD'))).toEqual([502])
  })
})
