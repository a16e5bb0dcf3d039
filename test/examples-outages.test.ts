import { rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Command, hasProgram } from './support/command.ts'
import { json, startIssuer } from './support/issuer.ts'
import { type Stack, startStack } from './support/stack.ts'
import { Upstream } from './support/upstream.ts'

const answer = '200 {"text":"This is an admin message."}'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack[Symbol.asyncDispose]())

const settings = () => ({ ISSUER: `${stack.tenantUrl}/`, API_URL: stack.apiUrl, EVERY_SECONDS: '0.2' })

const refused = () =>
  stack.api.log.filter(({ msg, status: code }) => msg === 'request refused' && code === 401).length

const status =
  (code: number, headers: Record<string, string>): RequestListener =>
  (_req, res) => {
    res.writeHead(code, headers).end()
  }
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString()

/** An API that answers so to the first request, and well to the others; and when they came. */
async function apiThatFirst(answers: RequestListener): Promise<{ api: Upstream; arrivals: number[] }> {
  const api = await Upstream.start()
  const arrivals: number[] = []
  api.answer = (req, res) => {
    arrivals.push(performance.now())
    if (arrivals.length === 1) answers(req, res)
    else json({ text: 'This is an admin message.' })(req, res)
  }
  return { api, arrivals }
}

describe.each([
  ['TypeScript', 'npm run example:typescript', 'npm'],
  ['Python', 'python3 docs/examples/service.py', 'python3'],
])('the service in %s', (_language, line, program) => {
  const options = { skip: !hasProgram(program) }

  test('waits for a provider that is down', options, async () => {
    await stack.tenant.stop()
    await using service = new Command(line, settings())
    await service.said(`No token from ${stack.tenantUrl}`, 2)
    expect(service.output).toMatch(/refused.*is ISSUER right, and the provider up\? \(again in \d s\)/i)
    await stack.tenant.start()
    await service.said(answer)
  })

  test('waits for an API that is down', options, async () => {
    await using service = new Command(line, settings())
    await service.said(answer)
    await stack.api.stop()
    await service.said(`No answer from ${stack.apiUrl}`, 2)
    expect(service.output).toMatch(/refused.*is API_URL right, and the API up\? \(again in \d s\)/i)
    const before = service.output.split(answer).length - 1
    await stack.api.start()
    await service.said(answer, before + 1)
  })

  test('gets a new token when the API refuses the one it keeps, and tells nobody', options, async () => {
    await using service = new Command(line, settings())
    await service.said(answer)
    // A provider that has lost its keys, and an API that has just begun to fetch them.
    await stack.api.stop()
    await stack.tenant.stop()
    rmSync(join(stack.environment.DATA_DIR ?? '', 'tenant.db'))
    await stack.tenant.start()
    const [answers, refusals] = [service.output.split(answer).length - 1, refused()]
    await stack.api.start()
    await service.said(answer, answers + 1)
    expect(refused()).toBe(refusals + 1)
    expect(service.output).not.toContain('401')
  })

  test.each([
    ['503, in seconds', status(503, { 'Retry-After': '2' })],
    ['429, in seconds', status(429, { 'Retry-After': '2' })],
    // A date has no parts of a second.
    ['503, as a date', (...args) => status(503, { 'Retry-After': inSeconds(3) })(...args)],
  ] satisfies [string, RequestListener][])(
    'leaves the API alone as long as it asks for: %s',
    options,
    async (_what, answers) => {
      const { api, arrivals } = await apiThatFirst(answers)
      await using _api = api
      await using service = new Command(line, { ...settings(), API_URL: `http://${api.host}` })
      await service.said(answer)
      const [first = 0, second = 0] = arrivals
      expect(second - first).toBeGreaterThan(1500)
      expect(service.output).toMatch(/answered (503|429) \(again in \d s\)/)
    },
  )

  test('does not believe a Retry-After of more than five minutes', options, async () => {
    const { api } = await apiThatFirst(status(503, { 'Retry-After': '86400' }))
    await using _api = api
    await using service = new Command(line, { ...settings(), API_URL: `http://${api.host}` })
    await service.said('answered 503 (again in 300 s)')
  })

  test('leaves the provider alone as long as it asks for', options, async () => {
    await using issuer = await startIssuer()
    await using endpoint = await Upstream.start()
    endpoint.answer = status(429, { 'Retry-After': '60' })
    issuer.discovery = json({ ...issuer.metadata, token_endpoint: `http://${endpoint.host}/token` })
    await using service = new Command(line, { ...settings(), ISSUER: issuer.url })
    await service.said('(again in 60 s)')
    expect(service.output).toMatch(/No token from \S+: .*429/)
    expect(endpoint.arrived).toHaveLength(1)
  })

  test('shows its secret to no provider that calls itself something else (W10)', options, async () => {
    await using issuer = await startIssuer()
    await using endpoint = await Upstream.start()
    const token_endpoint = `http://${endpoint.host}/token`
    issuer.discovery = json({ ...issuer.metadata, issuer: 'http://127.0.0.1/', token_endpoint })
    await using service = new Command(line, { ...settings(), ISSUER: issuer.url })
    await service.said(`No token from ${issuer.url}`, 2)
    expect(endpoint.arrived).toEqual([])
  })

  test('takes its token to no other place than the API, wherever that sends it', options, async () => {
    await using elsewhere = await Upstream.start()
    const { api, arrivals } = await apiThatFirst(status(302, { Location: `http://${elsewhere.host}/` }))
    await using _api = api
    await using service = new Command(line, { ...settings(), API_URL: `http://${api.host}` })
    await service.said(answer)
    expect(arrivals).toHaveLength(2)
    expect(elsewhere.arrived).toEqual([])
  })

  test('does not wait for ever for an answer', options, async () => {
    const { api } = await apiThatFirst(() => {})
    await using _api = api
    await using service = new Command(line, { ...settings(), API_URL: `http://${api.host}` })
    await service.said('No answer from')
    await service.said(answer)
  })
})
