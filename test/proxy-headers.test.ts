import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Proxied, startProxied, statuses } from './support/proxied.ts'

let all: Proxied
beforeAll(async () => {
  all = await startProxied()
})
afterAll(() => all[Symbol.asyncDispose]())

/** What a client may not say to the API: that it is somebody, that it comes from somewhere, how it came. */
const hostile = [
  // Who it is (P10, P11).
  'Authorization: Bearer FORGED',
  'Authorization: Basic Zm9yZ2Vk',
  'Cookie: other=1',
  'Cookie2: $Version=1',
  'X-User-Id: admin',
  'X-User: admin',
  'X-Remote-User: admin',
  'X-Auth-Request-Email: admin@example.com',
  'X-Api-Key: x',
  // Where it comes from, or wants to (P09).
  'Forwarded: for=1.2.3.4;host=evil.example',
  'X-Forwarded-For: 1.2.3.4',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Proto: https',
  'X_Forwarded_For: 1.2.3.4',
  'X-Forwarded-Uri: /admin',
  'X-Real-IP: 1.2.3.4',
  'X-Original-URL: /admin',
  'X-Rewrite-URL: /admin',
  'X-HTTP-Method-Override: DELETE',
  'X-Request-Id: mine-mine-mine',
  'X_Request_Id: mine-mine-mine',
  'Via: 1.1 evil',
  'Origin: https://evil.example',
  'Referer: https://evil.example/',
  'Trace-Parent: 00-1',
  // Hop by hop (P14).
  'Keep-Alive: timeout=100',
  'TE: trailers',
  'Trailer: Authorization',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
  'Proxy-Authorization: Basic x',
  'Proxy-Connection: keep-alive',
  // What would make the answer another one than the gateway can judge (P27).
  'Range: bytes=0-1',
  'If-None-Match: "x"',
  'If-Modified-Since: Wed, 21 Oct 2015 07:28:00 GMT',
  'Accept-Encoding: gzip, br',
  'Cache-Control: only-if-cached',
  'Accept: application/json',
  'Accept-Language: de',
  'User-Agent: test',
]

const requests: [line: string, body: readonly string[], own: boolean][] = [
  ['GET /api/own', [], true],
  ['GET /api/open', [], false],
  ['HEAD /api/own', [], true],
  ['HEAD /api/open', [], false],
  ['DELETE /api/notes/1', [], true],
  ['POST /api/notes', ['Content-Type: application/json', 'Content-Length: 2'], true],
  ['POST /api/notes', ['Content-Type: text/plain', 'Transfer-Encoding: chunked'], true],
]
const variants: [name: string, header: string][] = [
  ['nothing else', 'X: y'],
  ['Expect: 100-continue (P12)', 'Expect: 100-continue'],
  ['Connection: close and ours (P13)', 'Connection: close, Authorization, X-Request-Id, Host, Accept'],
  ['Connection: framing (P16)', 'Connection: content-length, transfer-encoding, content-type'],
  ['Connection: keep-alive, Upgrade', 'Connection: keep-alive, Upgrade, HTTP2-Settings'],
]

const byName = (pairs: readonly [string, string][]) => pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))

/** Names and values as they arrived, by name; a name that came twice shows as two. */
function lastHeaders(): [string, string][] {
  const raw = all.upstream.last()?.request.rawHeaders ?? []
  const pairs = raw.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? '']] : [],
  )
  return byName(pairs)
}

describe.each(requests)('%s %j', (line, framing, own) => {
  test.each(variants)(
    'brings the API what it needs and no more: %s (P08–P14, P27)',
    async (_name, variant) => {
      const before = all.upstream.arrived.length
      const isChunked = framing.some((header) => header.startsWith('Transfer'))
      const body = isChunked ? '2\r\n{}\r\n0\r\n\r\n' : framing.length > 0 ? '{}' : ''
      const headers = [...all.ownLines, ...hostile, ...framing, variant]
      const answer = await all.send(`${line} HTTP/1.1`, headers, body)
      expect(statuses(answer).at(-1)).toBe(200)
      expect(all.upstream.arrived.length).toBe(before + 1)

      const requestId = /^X-Request-Id: (\S+)\r$/m.exec(answer)?.[1]
      const expected: [string, string][] = [
        ['accept', 'application/json'],
        ['accept-language', 'de'],
        ...(own ? [['authorization', `Bearer ${all.accessToken}`] satisfies [string, string]] : []),
        // The proxy's own: it uses no connection again on which a body came in chunks.
        ['connection', isChunked ? 'close' : 'keep-alive'],
        ...(line.startsWith('DELETE') ? [['content-length', '0'] satisfies [string, string]] : []),
        ...framing.map((header) => header.toLowerCase().split(': ') as [string, string]),
        ['host', all.upstream.host],
        ['traceparent', expect.stringMatching(`^00-${requestId?.replaceAll('-', '')}-[0-9a-f]{16}-01$`)],
        ['user-agent', 'test'],
        ['x-request-id', requestId ?? ''],
      ]
      expect(lastHeaders()).toEqual(byName(expected))
      expect(all.upstream.last()?.body).toBe(framing.length > 0 ? '{}' : '')
      expect(requestId).not.toContain('mine')
    },
  )
})

test('what a client does not send is not made up', async () => {
  await all.send('GET /api/open HTTP/1.1', [`Host: ${all.host}`])
  expect(lastHeaders().map(([name]) => name)).toEqual(['connection', 'host', 'traceparent', 'x-request-id'])
})

test('a content type without a body is no business of the API', async () => {
  await all.send('GET /api/own HTTP/1.1', [
    ...all.ownLines,
    'Content-Type: application/json',
    'Content-Length: 0',
  ])
  expect(lastHeaders().map(([name]) => name)).toEqual([
    'authorization',
    'connection',
    'host',
    'traceparent',
    'x-request-id',
  ])
})

test('the address goes up as it came, on the host that is set, whatever is in it (P29, P30)', async () => {
  const target = '/api/own?a=http://evil.example/&a=%0d%0aHost:evil&b=//@evil.example'
  await all.send(`GET ${target} HTTP/1.1`, all.ownLines)
  expect(all.upstream.last()?.request.url).toBe(target)
  expect(all.upstream.last()?.request.headersDistinct.host).toEqual([all.upstream.host])
})
