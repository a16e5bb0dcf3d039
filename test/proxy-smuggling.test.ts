import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Proxied, startProxied, statuses } from './support/proxied.ts'
import { Wire } from './support/wire.ts'

let all: Proxied
beforeAll(async () => {
  all = await startProxied()
  // What arrived comes back, so that each answer says which request it belongs to.
  all.upstream.answer = (req, res) => {
    req.on('end', () => {
      const { url, method } = req
      res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ url, method }))
    })
  }
})
afterAll(() => all[Symbol.asyncDispose]())
beforeEach(() => {
  all.upstream.arrived.length = 0
})

const chunked = 'Transfer-Encoding: chunked'
const smuggled = 'GET /api/open?b=smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
const inChunks = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`

/** The framing of a request, its body, and what of it the API may get: nothing, or once what was meant. */
const odd: [name: string, headers: readonly string[], body: string, meant?: string][] = [
  ['CL and TE', ['Content-Length: 4', chunked], inChunks],
  ['TE and CL', [chunked, 'Content-Length: 4'], inChunks],
  ['TE: gzip, chunked', ['Transfer-Encoding: gzip, chunked'], inChunks],
  ['TE: chunked, chunked', ['Transfer-Encoding: chunked, chunked'], inChunks],
  ['TE: chunked, identity', ['Transfer-Encoding: chunked, identity'], inChunks],
  ['TE: identity', ['Transfer-Encoding: identity'], smuggled],
  ['TE: xchunked', ['Transfer-Encoding: xchunked'], inChunks],
  ['TE: "chunked"', ['Transfer-Encoding: "chunked"'], inChunks],
  ['TE: chunked;q=1', ['Transfer-Encoding: chunked;q=1'], inChunks],
  ['TE with a vertical tab', ['Transfer-Encoding: \x0bchunked'], inChunks],
  ['TE with blanks around', ['Transfer-Encoding: \t chunked \t'], inChunks],
  ['TE with a blank before the colon', ['Transfer-Encoding : chunked'], inChunks],
  ['two TE headers', [chunked, chunked], inChunks],
  ['two TE headers that differ', [chunked, 'Transfer-Encoding: identity'], inChunks],
  ['TE behind an obs-fold', ['Transfer-Encoding:', ' chunked'], inChunks],
  ['a header behind an obs-fold', ['X: y', ' Transfer-Encoding: chunked'], inChunks],
  ['two CL', ['Content-Length: 2', 'Content-Length: 40'], smuggled],
  ['two CL that are the same', ['Content-Length: 2', 'Content-Length: 2'], '{}'],
  ['a list of CL', ['Content-Length: 2, 2'], '{}'],
  ['CL: +2', ['Content-Length: +2'], '{}'],
  ['CL: -2', ['Content-Length: -2'], '{}'],
  ['CL: 0x2', ['Content-Length: 0x2'], '{}'],
  ['CL: 2.0', ['Content-Length: 2.0'], '{}'],
  ['CL: 1e1', ['Content-Length: 1e1'], '{}'],
  ['CL above 2^64', ['Content-Length: 18446744073709551618'], '{}'],
  ['CL that is empty', ['Content-Length:'], smuggled],
  ['a bare LF', [`X: y\nContent-Length: ${smuggled.length}`], smuggled],
  ['a bare CR', [`X: y\rContent-Length: ${smuggled.length}`], smuggled],
  ['NUL in a value', ['X: y\0z'], ''],
  ['NUL in a name', ['X\0: y'], ''],
  ['a blank in a name', ['X Y: z'], ''],
  ['a line without a colon', ['X'], ''],
  ['a chunk size that overflows', [chunked], `10000000000000002\r\n{}\r\n0\r\n\r\n`],
  ['a chunk size with a sign', [chunked], `+2\r\n{}\r\n0\r\n\r\n`],
  ['a chunk size in 0x', [chunked], `0x2\r\n{}\r\n0\r\n\r\n`],
  ['a chunk extension with LF', [chunked], `2;x\n\r\n{}\r\n0\r\n\r\n${smuggled}`],
  ['a chunk that ends with LF', [chunked], `2\r\n{}\n0\r\n\r\n`],
  ['a chunk that is longer than it says', [chunked], `2\r\n{}${smuggled}\r\n0\r\n\r\n`],
  // These are requests like any other, and arrive once, as what they are.
  ['TE in upper case', ['Transfer-Encoding: CHUNKED'], inChunks, smuggled],
  ['a chunk extension', [chunked], '2;x=y\r\n{}\r\n0\r\n\r\n', '{}'],
  ['trailers', [chunked], '2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n', '{}'],
  ['CL in the trailers', [chunked], '2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n'],
  ['Connection: transfer-encoding', [chunked, 'Connection: transfer-encoding'], inChunks, smuggled],
  [
    'Connection: content-length',
    [`Content-Length: ${smuggled.length}`, 'Connection: content-length'],
    smuggled,
    smuggled,
  ],
  ['a request as the body', [`Content-Length: ${smuggled.length}`], smuggled, smuggled],
]
const forBody = ['Content-Type: application/json']

/** Sends it, with a request behind it that has to be judged by itself if anybody reads it. */
const sendOdd = (line: string, headers: readonly string[], body: string) =>
  all.send(line, [...all.ownLines, ...forBody, ...headers], body)

describe('a framing that two programs could read differently', () => {
  test.each(odd)('with POST: %s (P15, P16)', async (_name, headers, body, meant) => {
    const answer = await sendOdd('POST /api/notes HTTP/1.1', headers, body)
    const { arrived, broken } = all.upstream
    // What turns out to be broken in the middle has begun to arrive, and never ends.
    const whole = arrived.filter(({ request }) => request.complete)
    expect(whole.map((each) => [each.request.method, each.request.url, each.body])).toEqual(
      meant === undefined ? [] : [['POST', '/api/notes', meant]],
    )
    expect(broken).toBe(0)
    for (const status of statuses(answer)) {
      if (meant === undefined) expect(status).toBeGreaterThanOrEqual(400)
    }
    if (meant !== undefined) expect(statuses(answer)).toEqual([200])
  })

  test.each(odd)('with GET: %s (P15, P16)', async (_name, headers, body) => {
    const answers = await Promise.all(
      ['GET /api/own', 'GET /api/open', 'DELETE /api/notes/1', 'HEAD /api/own'].map((line) =>
        sendOdd(`${line} HTTP/1.1`, headers, body),
      ),
    )
    // A body there has no meaning, whatever its framing.
    for (const answer of answers) {
      for (const status of statuses(answer)) expect(status).toBeGreaterThanOrEqual(400)
    }
    expect(all.upstream.arrived).toEqual([])
    expect(all.upstream.broken).toBe(0)
  })

  test.each([
    ['HTTP/0.9', 'GET /api/open\r\n\r\n'],
    ['HTTP/0.9 by name', 'GET /api/open HTTP/0.9\r\nHost: HOST\r\n\r\n'],
    ['HTTP/1.2', 'GET /api/open HTTP/1.2\r\nHost: HOST\r\n\r\n'],
    ['HTTP/2.0', 'GET /api/open HTTP/2.0\r\nHost: HOST\r\n\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a tab for a blank', 'GET\t/api/open\tHTTP/1.1\r\nHost: HOST\r\n\r\n'],
    ['three blanks', 'GET /api/open x HTTP/1.1\r\nHost: HOST\r\n\r\n'],
    ['a first line that ends with CR', 'GET /api/open HTTP/1.1\rHost: HOST\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n'],
  ])('%s is refused (P15)', async (_name, bytes) => {
    const wire = await all.raw(bytes.replace('HOST', all.host))
    expect([[400], [421]]).toContainEqual(statuses(wire))
    expect(all.upstream.arrived).toEqual([])
  })
})

describe('fifty odd requests, each with an ordinary one behind it', () => {
  const marker = (number: number) =>
    `GET /api/open?a=${number} HTTP/1.1\r\nHost: ${all.host}\r\nSec-Fetch-Site: same-origin\r\n\r\n`
  const request = (line: string, headers: readonly string[], body = '') =>
    [`${line} HTTP/1.1`, ...all.ownLines, ...headers, '', body].join('\r\n')
  const bodiesOf = (text: string) => [...text.matchAll(/\{"url":"([^"]+)"/g)].map(([, url]) => url)

  test('on one connection get the answers that belong to them (P15)', { timeout: 120_000 }, async () => {
    const kept: (() => [string, number])[] = [
      () => [request('GET /api/own', ['Content-Length: 0']), 200],
      () => [request('HEAD /api/own', []), 200],
      () => [request('POST /api/notes', [...forBody, chunked], inChunks), 200],
      () => [request('POST /api/notes', [...forBody, `Content-Length: ${smuggled.length}`], smuggled), 200],
      () => [request('DELETE /api/notes/1', ['Connection: content-length, transfer-encoding']), 200],
      () => [
        request('POST /api/notes', [...forBody, 'Expect: 100-continue', 'Content-Length: 2'], '{}'),
        200,
      ],
      () => [request('GET /api/none', []), 404],
      () => [request('PUT /api/own', []), 405],
      () => [request('GET /api/own?x=1', []), 400],
      () => [request('POST /api/notes', ['Content-Length: 0']), 200],
    ]
    const wire = new Wire(all.url)
    const expected: number[] = []
    for (let number = 0; number < 50; number += 1) {
      const [bytes, status] = kept[number % kept.length]?.() ?? ['', 0]
      wire.socket.write(bytes + marker(number))
      expected.push(status, 200)
    }
    wire.socket.write(request('GET /livez', ['Connection: close']))
    const { text } = await wire.ended
    expect(statuses(text).filter((status) => status !== 100)).toEqual([...expected, 200])
    const markers = bodiesOf(text).filter((url) => url?.startsWith('/api/open'))
    expect(markers).toEqual(Array.from({ length: 50 }, (_, number) => `/api/open?a=${number}`))
    expect(all.upstream.broken).toBe(0)
  })

  test('that end their connection, get nothing into the one to the API (P15)', async () => {
    for (let number = 0; number < 50; number += 1) {
      const [, headers = [], body = ''] = odd[number % odd.length] ?? []
      await Promise.all(
        ['GET /api/own', 'POST /api/notes'].map((line) => sendOdd(`${line} HTTP/1.1`, headers, body)),
      )
      const answer = await all.raw(marker(number) + request('GET /livez', ['Connection: close']))
      expect(statuses(answer)).toEqual([200, 200])
      expect(bodiesOf(answer)).toEqual([`/api/open?a=${number}`])
    }
    expect(all.upstream.broken).toBe(0)
    expect(all.upstream.arrived.filter(({ request: { url } }) => url?.includes('smuggled'))).toEqual([])
  })
})
