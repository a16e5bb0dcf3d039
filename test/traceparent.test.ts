import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LogLine } from './support/program.ts'
import { type Proxied, startProxied } from './support/proxied.ts'
import { type Stack, startStack } from './support/stack.ts'

const theirs = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'
const header = (value: string) => `traceparent: ${value}`

/** What the API got of a request that came with these headers, the id it was given, and the line in the log. */
async function sent(all: Proxied, headers: readonly string[], path = '/api/own') {
  const answer = await all.send(`GET ${path} HTTP/1.1`, [...all.ownLines, ...headers])
  const requestId = /^X-Request-Id: (\S+)\r$/m.exec(answer)?.[1] ?? ''
  const line = await all.gateway.program.line(
    (each) => each.msg === 'request' && each.requestId === requestId,
  )
  const { traceparent, tracestate } = all.upstream.last()?.request.headersDistinct ?? {}
  return { traceparent, tracestate, line, traceId: requestId.replaceAll('-', '') }
}

/** A trace that the gateway has begun, in the name of the request. */
function expectOwn({ traceparent, tracestate, line, traceId }: Awaited<ReturnType<typeof sent>>): void {
  expect(traceparent).toEqual([expect.stringMatching(`^00-${traceId}-[0-9a-f]{16}-01$`)])
  expect(tracestate).toBeUndefined()
  expect(line.traceId).toBe(traceId)
}

describe.each([
  ['a proxied route', '/api/own'],
  ['a page’s own call', '/protected'],
])('the traceparent of %s', (_what, path) => {
  describe('from a stranger', () => {
    let all: Proxied
    beforeAll(async () => {
      all = await startProxied()
    })
    afterAll(() => all[Symbol.asyncDispose]())

    test('who sends none begins with the id of the request', async () => {
      expectOwn(await sent(all, [], path))
    })

    test('who sends one is not the stranger’s: nobody joins or confuses the traces of others (P09)', async () => {
      expectOwn(await sent(all, [header(theirs), 'tracestate: a=b'], path))
    })
  })

  describe('from a proxy that TRUST_PROXY names', () => {
    let all: Proxied
    beforeAll(async () => {
      all = await startProxied({ TRUST_PROXY: '127.0.0.1,::1' })
    })
    afterAll(() => all[Symbol.asyncDispose]())

    test('goes on as it came, without the tracestate', async () => {
      const { traceparent, tracestate, line } = await sent(all, [header(theirs), 'tracestate: a=b'], path)
      expect(traceparent).toEqual([theirs])
      expect(tracestate).toBeUndefined()
      expect(line.traceId).toBe(theirs.slice(3, 35))
    })

    test.each([
      ['two of them', [header(theirs), header(theirs)]],
      ['another version', [header(theirs.replace('00', '01'))]],
      ['zeros', [header(`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`)]],
      ['something else', [header('x')]],
    ])('is a new one in the place of %s', async (_case, headers) => {
      expectOwn(await sent(all, headers, path))
    })
  })
})

describe('the lines of gateway and API about one request', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack()
  })
  afterAll(() => stack[Symbol.asyncDispose]())

  test.each(['/api/messages/public', '/public'])('have the same trace and the same id: %s', async (path) => {
    const answer = await fetch(stack.baseUrl + path)
    const requestId = answer.headers.get('x-request-id')
    const isIt = (line: LogLine) => line.msg === 'request' && line.requestId === requestId
    const [ours, apis] = await Promise.all([stack.bff.line(isIt), stack.api.line(isIt)])
    expect(ours.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(apis.traceId).toBe(ours.traceId)
  })

  test('are of a trace of its own where nobody sends one', async () => {
    const answer = await fetch(`${stack.apiUrl}/livez`)
    const requestId = answer.headers.get('x-request-id') ?? ''
    const line = await stack.api.line((each) => each.requestId === requestId)
    expect(line.traceId).toBe(requestId.replaceAll('-', ''))
  })
})
