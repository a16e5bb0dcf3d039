import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, navigationHeaders, type Page } from './support/browser.ts'
import { Collector, type ReceivedSpan } from './support/collector.ts'
import { search } from './support/proof/matcher.ts'
import type { Needle } from './support/proof/seen.ts'
import { type Stack, startStack } from './support/stack.ts'

const theirs = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
const traceIdOf = (page: Page) => page.headers.get('x-request-id')?.replaceAll('-', '') ?? ''

let collector: Collector
let stack: Stack
const needles: Needle[] = []
let journey: Readonly<Record<'page' | 'route' | 'none' | 'refreshed', string>>

/** A visitor's journey; all spans of it are here when the programs have ended. */
beforeAll(async () => {
  collector = await Collector.start()
  stack = await startStack({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
    TRUST_PROXY: '127.0.0.1,::1',
    TENANT_ACCESS_TOKEN_SECONDS: '2',
  })
  const browser = new Browser(stack.baseUrl)
  const remember = (kind: string, value = '') => needles.push({ kind, value })
  await browser.login('admin@example.com')
  remember('ticket', await browser.ticket())
  const page = await browser.open('/protected')
  const route = await browser.fetch('/api/messages/admin')
  await browser.open('/profile?secret=in-the-query-of-a-page')
  remember('query', 'in-the-query-of-a-page')
  const none = await browser.fetch('/api/nothing')
  let refreshed = route
  while (stack.refreshes() === 0) refreshed = await browser.fetch('/api/messages/protected')
  for (const sampled of ['01', '00']) {
    const traceId = sampled === '01' ? theirs.traceId : theirs.traceId.replace(/^4/, '5')
    const headers = { ...navigationHeaders, traceparent: `00-${traceId}-${theirs.spanId}-${sampled}` }
    await browser.request('/public', { headers })
  }
  await browser.open('/callback?code=a-code-of-nobody&state=x')
  remember('code', 'a-code-of-nobody')
  await browser.open('/sessions')
  remember('form token', browser.formToken)
  await browser.sendForm('/logout')
  await stack.api.stop()
  remember('sub', String(stack.bff.log.find(({ msg }) => msg === 'logged in')?.sub))
  await browser.open('/public')
  await stack.bff.stop()
  needles.push(...stack.issuedTokens(), { kind: 'email', value: 'admin@example.com' })
  const ids = { page, route, none, refreshed }
  journey = Object.fromEntries(
    Object.entries(ids).map(([name, each]) => [name, traceIdOf(each)]),
  ) as typeof journey
}, 120_000)
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  await collector[Symbol.asyncDispose]()
})

const spansOf = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId)
function one(spans: readonly ReceivedSpan[], service: string, kind: string): ReceivedSpan {
  const [span, second] = spans.filter((each) => each.service === service && each.kind === kind)
  if (!span || second) throw new Error(`Not one ${kind} span of ${service} in ${JSON.stringify(spans)}`)
  return span
}

describe('the spans of a request', () => {
  test.each([
    ['page', 'GET /protected', '/protected', '/api/messages/protected'],
    ['route', 'GET /api/messages/admin', '/api/messages/admin', '/api/messages/admin'],
  ] as const)('for a %s hang together: the gateway, its call, the API', (which, name, path, apiPath) => {
    const spans = spansOf(journey[which])
    expect(spans).toHaveLength(3)
    const server = one(spans, 'cloakroom-bff', 'server')
    const call = one(spans, 'cloakroom-bff', 'client')
    const api = one(spans, 'cloakroom-api', 'server')
    expect([call.parentSpanId, api.parentSpanId]).toEqual([server.spanId, call.spanId])
    expect(server).not.toHaveProperty('parentSpanId')
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(3)
    // All that they say.
    const url = new URL(stack.apiUrl)
    expect([server.name, server.attributes]).toEqual([
      name,
      {
        'http.request.method': 'GET',
        'url.path': path,
        'url.scheme': 'http',
        'http.route': path,
        'http.response.status_code': 200,
      },
    ])
    expect([call.name, call.attributes]).toEqual([
      'GET',
      {
        'http.request.method': 'GET',
        'server.address': 'localhost',
        'server.port': Number(url.port),
        'url.full': stack.apiUrl + apiPath,
        'http.response.status_code': 200,
      },
    ])
    expect([api.name, api.attributes]).toEqual([
      `GET ${apiPath}`,
      {
        'http.request.method': 'GET',
        'url.path': apiPath,
        'url.scheme': 'http',
        'http.route': apiPath,
        'http.response.status_code': 200,
      },
    ])
    expect(spans.flatMap(({ isError, more }) => [isError, ...more])).toEqual([false, false, false])
  })

  test('whose token is refreshed have the call to the provider among them', () => {
    const spans = spansOf(journey.refreshed)
    const calls = spans
      .filter(({ kind }) => kind === 'client')
      .map(({ attributes }) => attributes['url.full'])
    expect(calls).toHaveLength(2)
    expect(new Set(calls)).toEqual(
      new Set([`${stack.tenantUrl}/oauth/token`, `${stack.apiUrl}/api/messages/protected`]),
    )
    const server = one(spans, 'cloakroom-bff', 'server')
    for (const span of spans.filter(({ kind }) => kind === 'client'))
      expect(span.parentSpanId).toBe(server.spanId)
  })

  test('that has no route have none, and it is no error of the gateway’s', () => {
    const [span, second] = spansOf(journey.none)
    expect(second).toBeUndefined()
    expect(span?.name).toBe('GET')
    expect(span?.attributes).not.toHaveProperty('http.route')
    expect(span?.attributes).toMatchObject({ 'url.path': '/api/nothing', 'http.response.status_code': 404 })
    expect(span?.isError).toBe(false)
  })

  test('of a trusted proxy’s trace belong to it, if it is recorded there', () => {
    const spans = spansOf(theirs.traceId)
    expect(spans).toHaveLength(3)
    expect(one(spans, 'cloakroom-bff', 'server').parentSpanId).toBe(theirs.spanId)
    expect(spansOf(theirs.traceId.replace(/^4/, '5'))).toEqual([])
  })

  test('that fails say so: by the status, and by the system’s code for what is wrong with the API', () => {
    const failed = collector.spans.filter(({ isError, name }) => isError && name.endsWith('/public'))
    expect(failed.map(({ attributes }) => attributes['error.type'])).toEqual(['502'])
    const calls = spansOf(failed[0]?.traceId ?? '').filter(({ kind }) => kind === 'client')
    expect(calls.map(({ isError, attributes }) => [isError, attributes['error.type']])).toEqual([
      [true, 'ECONNREFUSED'],
    ])
  })
})

describe('what the collector gets', () => {
  test('comes to /v1/traces, from both programs', () => {
    expect(new Set(collector.paths)).toEqual(new Set(['/v1/traces']))
    expect(new Set(collector.spans.map(({ service }) => service))).toEqual(
      new Set(['cloakroom-bff', 'cloakroom-api']),
    )
  })

  test('has no token, code, cookie, query, sub or address of a person in it (I01)', () => {
    expect(collector.spans.length).toBeGreaterThan(20)
    expect(new Set(needles.map(({ kind }) => kind)).size).toBeGreaterThan(8)
    const found = search(
      collector.bodies.map((text) => ({ where: 'spans', text })),
      needles,
    )
    expect(found).toEqual([])
    for (const { kind, value } of needles) {
      expect([kind, value, collector.bodies.some((body) => body.includes(value))]).toEqual([
        kind,
        value,
        false,
      ])
    }
    expect(collector.bodies.join()).not.toMatch(/[?&](code|state|secret)=|cookie|authorization/i)
  })
})
