import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Collector } from './support/collector.ts'
import { jumpingClock } from './support/issuer.ts'
import { type Proxied, startProxied } from './support/proxied.ts'
import { Wire } from './support/wire.ts'

let collector: Collector
let all: Proxied
beforeAll(async () => {
  collector = await Collector.start()
  all = await startProxied({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...jumpingClock(60) })
})
afterAll(async () => {
  await all[Symbol.asyncDispose]()
  await collector[Symbol.asyncDispose]()
})

const json = { 'Content-Type': 'application/json' }
/** The trace and span that each request to the API says it belongs to, since so many before. */
const contexts = (before: number) =>
  all.upstream.arrived
    .slice(before)
    .map(({ request }) => String(request.headers.traceparent).split('-').slice(1, 3))

/** What has arrived when the gateway has ended, of the trace that has the id of this request. */
const spansOf = (requestId: unknown) =>
  collector.spans.filter(({ traceId }) => traceId === String(requestId).replaceAll('-', ''))
const ids: Record<string, unknown> = {}
let calls: string[][]

beforeAll(async () => {
  const before = all.upstream.arrived.length
  const old = all.accessToken
  all.upstream.answer = (req, res) => {
    res.writeHead(req.headers.authorization === `Bearer ${old}` ? 401 : 200, json).end('{}')
  }
  await all.gateway.later()
  ids.again = (await all.user.fetch('/api/own?a=in-the-query')).headers.get('x-request-id')
  calls = contexts(before)

  all.upstream.answer = (req) => void req.socket.destroy()
  ids.broken = (await all.user.fetch('/api/own')).headers.get('x-request-id')

  const arrived = all.upstream.arrived.length
  all.upstream.answer = () => {}
  const client = new Wire(all.url)
  client.socket.write(`GET /api/own HTTP/1.1\r\n${all.ownLines.join('\r\n')}\r\n\r\n`)
  await vi.waitFor(() => expect(all.upstream.arrived.length).toBe(arrived + 1), 20_000)
  client.socket.destroy()
  const line = await all.gateway.program.line(({ aborted, path }) => aborted === true && path === '/api/own')
  ids.given = line.requestId
  await all.gateway.program.stop()
})

test('a call that is made again with another token is two spans of the one request', () => {
  const [server, second] = spansOf(ids.again).filter(({ kind }) => kind === 'server')
  expect(second).toBeUndefined()
  const spans = spansOf(ids.again).filter(({ attributes }) =>
    String(attributes['url.full']).endsWith('/api/own'),
  )
  expect(spans.map(({ parentSpanId }) => parentSpanId)).toEqual([server?.spanId, server?.spanId])
  expect(spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([401, 200])
  expect(all.upstream.arrived.some(({ request }) => request.url?.endsWith('?a=in-the-query'))).toBe(true)
  expect(collector.bodies.join()).not.toContain('in-the-query')
  expect(calls).toEqual(spans.map(({ traceId, spanId }) => [traceId, spanId]))
})

test('a call that breaks says by which code of the system', () => {
  const [call] = spansOf(ids.broken).filter(({ kind }) => kind === 'client')
  expect([call?.isError, call?.attributes['error.type']]).toEqual([true, 'ECONNRESET'])
})

test('a client that goes before there is an answer leaves spans without a status', () => {
  const spans = spansOf(ids.given)
  expect(new Set(spans.map(({ kind }) => kind))).toEqual(new Set(['client', 'server']))
  for (const { attributes } of spans) expect(attributes).not.toHaveProperty('http.response.status_code')
  expect(spans.find(({ kind }) => kind === 'client')?.attributes['error.type']).toBe('canceled')
})
