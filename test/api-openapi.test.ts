import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judgeAnswers } from './support/api-answers.ts'
import { type Api, type Issuer, startApi, startIssuer } from './support/issuer.ts'
import { methods, openapi } from './support/openapi.ts'
import { canBeBehind } from './support/proof/behind.ts'
import { Wire } from './support/wire.ts'

// After each test, as after every other, the answers that the APIs gave are held against the document.

let issuer: Issuer
let stopped: Issuer
let api: Api
/** Its issuer is out of reach. */
let alone: Api
/** It takes one request a minute. */
let limited: Api
let token: string
let lesserToken: string
beforeAll(async () => {
  issuer = await startIssuer()
  stopped = await startIssuer()
  ;[api, alone, limited] = await Promise.all([
    startApi(issuer.url),
    startApi(stopped.url),
    startApi(issuer.url, { API_RATE: '1' }),
  ])
  token = await freshToken()
  lesserToken = `Authorization: Bearer ${await issuer.token()}`
  await stopped.stop()
})
afterAll(async () => {
  for (const each of [api, alone, limited, issuer, stopped]) await each[Symbol.asyncDispose]()
})

let numberOfTokens = 0
async function freshToken(): Promise<string> {
  numberOfTokens += 1
  const claims = { permissions: ['read:admin-messages'], jti: String(numberOfTokens) }
  return `Authorization: Bearer ${await issuer.token(claims)}`
}

/** Of each status the request that gets it, given method and path. */
const provoke: Readonly<Record<string, (line: string) => Promise<{ readonly status: number }>>> = {
  200: (line) => api.raw(line, token),
  204: (line) => api.raw(line),
  400: (line) => api.raw(line, ': a header without a name'),
  401: (line) => api.raw(line),
  403: (line) => api.raw(line, lesserToken),
  404: (line) => api.raw(line, token),
  405: (line) => api.raw(line, token),
  // While the token is looked at, the body is; one that is known is answered before.
  413: async (line) =>
    api.raw(line, await freshToken(), `Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}`),
  417: (line) => api.raw(line, 'Expect: x'),
  429: async (line) => {
    await limited.raw(line, token)
    return limited.raw(line, token)
  },
  431: (line) => api.raw(line, `X: ${'x'.repeat(20_000)}`),
  503: (line) => alone.raw(line, token),
}
/** What no request gets here, and why. */
const unseen: Readonly<Record<string, string>> = {
  500: 'a fault that is known is mended',
}
const statusesOf = ({ responses }: { responses: object }) =>
  Object.keys(responses).filter((status) => !(status in unseen))
const paths = Object.keys(openapi.paths)

describe('what the document says can be had', () => {
  const named = Object.entries(openapi.paths).flatMap(([path, operations]) =>
    methods.flatMap((method) => {
      const operation = operations[method]
      return operation ? statusesOf(operation).map((status) => [method.toUpperCase(), path, status]) : []
    }),
  )

  test.each(named)('%s %s: %s', async (method, path, status = '') => {
    expect((await provoke[status]?.(`${method} ${path} HTTP/1.1`))?.status).toBe(Number(status))
  })

  test.each(statusesOf(openapi['x-other-methods']))('any other method: %s', async (status) => {
    const others = ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY']
    for (const line of others.flatMap((method) => paths.map((path) => `${method} ${path} HTTP/1.1`))) {
      expect([line, (await provoke[status]?.(line))?.status]).toEqual([line, Number(status)])
    }
  })

  test.each(statusesOf(openapi['x-other-paths']))('any other path: %s', async (status) => {
    const others = ['/', '/openapi', '/openapi.json/', '/.well-known/', '/.well-known/openid-configuration']
    const tried = ['GET', 'HEAD', 'OPTIONS', 'POST']
    for (const line of others.flatMap((path) => tried.map((method) => `${method} ${path} HTTP/1.1`))) {
      expect([line, (await provoke[status]?.(line))?.status]).toEqual([line, Number(status)])
    }
  })

  test('what is no request is refused with each of its statuses', { timeout: 120_000 }, async () => {
    const host = 'Host: localhost\r\n'
    const broken = {
      400: 'garbage\r\n\r\n',
      408: `GET /livez HTTP/1.1\r\n${host}`,
      431: `GET /livez HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}`,
    }
    expect(Object.keys(broken)).toEqual(statusesOf(openapi['x-unreadable-requests']))
    for (const [status, bytes] of Object.entries(broken)) {
      const wire = new Wire(api.url)
      wire.socket.write(bytes)
      expect((await wire.ended).text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    }
  })
})

test.runIf(canBeBehind)('every answer is seen, also those that a test does not look at', async () => {
  await judgeAnswers()
  await Promise.all([api.raw('GET /livez HTTP/1.1'), api.raw('HEAD /nope HTTP/1.1'), api.raw('garbage')])
  expect(await judgeAnswers()).toEqual({ count: 3, problems: [] })
})
