import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { assetAddress } from '../bff/pages/assets.ts'
import { Browser, send } from './support/browser.ts'
import { metricsUrl, scrape } from './support/metrics.ts'
import { freePorts } from './support/ports.ts'
import { type Environment, Program, runToEnd } from './support/program.ts'
import { type Stack, startStack } from './support/stack.ts'
import { Wire } from './support/wire.ts'

const requests = 'http_server_request_duration_seconds_count'
let stack: Stack
let ports: { bff: number; api: number }
let user: Browser
beforeAll(async () => {
  const [bff = 0, api = 0] = await freePorts(2)
  ports = { bff, api }
  stack = await startStack({ BFF_METRICS_PORT: String(bff), API_METRICS_PORT: String(api) })
  user = new Browser(stack.baseUrl)
  await user.login('user@example.com')
})
afterAll(() => stack[Symbol.asyncDispose]())

const programs = ['bff', 'api'] as const
const ask = (program: (typeof programs)[number]) => scrape(stack[program], ports[program])
/** Requests are counted when their connection says that the answer is out. */
const counted = (program: (typeof programs)[number], labels: Record<string, string>, count: number) =>
  vi.waitFor(async () => expect((await ask(program)).sum(requests, labels)).toBe(count), 20_000)

describe('requests are counted and timed', () => {
  test('at the gateway by the pattern of their route, the method and the status', async () => {
    await user.open('/admin')
    await user.fetch('/api/messages/admin')
    await user.fetch('/api/messages/protected', { method: 'HEAD' })
    await user.fetch('/assets/none.css')
    await user.fetch(assetAddress('app.css'))
    await user.fetch('/favicon.ico')
    await counted('bff', { method: 'GET', route: '/admin', status: '403' }, 1)
    await counted('bff', { method: 'GET', route: '/api/messages/admin', status: '403' }, 1)
    await counted('bff', { method: 'HEAD', route: '/api/messages/protected', status: '200' }, 1)
    await counted('bff', { method: 'GET', route: 'other', status: '404' }, 1)
    await counted('bff', { method: 'GET', route: '/assets/:file', status: '200' }, 1)
    await counted('bff', { method: 'GET', route: '/favicon.ico', status: '301' }, 1)
    const metrics = await ask('bff')
    expect(metrics.sum(requests, { route: '/login', status: '302' })).toBe(1)
    const seconds = metrics.sum('http_server_request_duration_seconds_sum', { route: '/admin' })
    expect(seconds).toBeGreaterThan(0.0001)
    expect(seconds).toBeLessThan(60)
  })

  test('at the API likewise', async () => {
    await fetch(`${stack.apiUrl}/api/messages/protected`)
    await fetch(`${stack.apiUrl}/api/messages/public`, { method: 'DELETE' })
    await counted('api', { method: 'GET', route: '/api/messages/protected', status: '401' }, 1)
    await counted('api', { method: 'DELETE', route: '/api/messages/public', status: '405' }, 1)
    expect((await ask('api')).sum(requests, { route: '/api/messages/admin', status: '403' })).toBe(2)
  })

  test.each(programs)('with no name that a client makes up, at the %s (I06)', async (program) => {
    const url = { bff: stack.baseUrl, api: stack.apiUrl }[program]
    const before = (await ask(program)).text.split('\n').length
    for (let number = 0; number < 20; number += 1) {
      await send(new URL(`/made-up-${number}/api/x?y=${number}`, url), 'GET', {})
      await send(new URL(`/api/made-up-${number}`, url), 'GET', {})
      const wire = new Wire(url)
      const { host } = new URL(url)
      wire.socket.write(`PROPFIND /made-up-${number} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      await wire.ended
    }
    await vi.waitFor(async () => {
      expect((await ask(program)).sum(requests, { method: '_OTHER', route: 'other' })).toBe(20)
    }, 20_000)
    const { text } = await ask(program)
    expect(text).not.toContain('made-up')
    expect(text).not.toContain('PROPFIND')
    // A line for each bucket, the sum and the count, of the one or two that are new (and of what the process says of itself);
    // sixty names would be a thousand.
    expect(text.split('\n').length - before).toBeLessThan(100)
  })
})

describe.each(programs)('the port of the metrics of the %s', (program) => {
  const url = () => metricsUrl(stack[program], ports[program])

  test('has what Prometheus reads, of the process as well', async () => {
    const answer = await fetch(url())
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const metrics = await ask(program)
    expect(metrics.sum('nodejs_eventloop_lag_seconds')).toBeGreaterThanOrEqual(0)
    expect(metrics.sum('process_cpu_seconds_total')).toBeGreaterThan(0)
    expect(metrics.sum('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  })

  test.each([
    ['GET', '/'],
    ['GET', '/metrics/'],
    ['GET', '/livez'],
    ['GET', '/api/messages/public'],
    ['HEAD', '/metrics'],
    ['POST', '/metrics'],
  ])('answers nothing else: %s %s is 404', async (method, path) => {
    expect((await send(new URL(path, url()), method, {})).status).toBe(404)
  })

  test('is another one: the program itself has no such address (I06)', async () => {
    const own = { bff: stack.baseUrl, api: stack.apiUrl }[program]
    expect((await user.open(new URL('/metrics', own))).status).toBe(404)
  })

  test('that is taken is named by its setting', async () => {
    const server = createServer().listen(0, 'localhost')
    await once(server, 'listening')
    const [setting, file] = {
      bff: ['BFF_METRICS_PORT', 'bff/main.ts'],
      api: ['API_METRICS_PORT', 'api/main.ts'],
    }[program] as [string, string]
    const address = server.address()
    const taken = typeof address === 'object' ? String(address?.port) : ''
    const [port] = await freePorts(1)
    const environment = {
      ...stack.environment,
      BFF_PORT: String(port),
      API_PORT: String(port),
      [setting]: taken,
    }
    expect(await runToEnd(file, environment)).toMatchObject({
      code: 78,
      stderr: expect.stringContaining(`Port ${taken} is in use; set ${setting} to a free port`),
    })
    server.close()
  })
})

/** Says at a signal which of the libraries for metrics and traces are in the process. */
const tellsLoaded = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import { createRequire } from 'node:module'
    process.on('SIGUSR2', () => {
      const loaded = Object.keys(createRequire('file:///').cache).join().match(/prom-client|@opentelemetry/g)
      console.log(JSON.stringify({ loaded: [...new Set(loaded)] }))
    })`)}`,
}

describe.each(['bff/main.ts', 'api/main.ts'])('%s', (file) => {
  async function loaded(settings: Environment): Promise<unknown> {
    const [port] = (await freePorts(1)).map(String)
    const none = {
      BFF_METRICS_PORT: '',
      API_METRICS_PORT: '',
      BFF_PORT: String(port),
      API_PORT: String(port),
    }
    const program = new Program(file, { ...stack.environment, ...none, ...settings, ...tellsLoaded })
    await program.start()
    program.signal('SIGUSR2')
    const line = await program.line((each) => 'loaded' in each)
    await program.stop()
    return line.loaded
  }

  test('loads nothing that measures or traces, unless it is told to', async () => {
    expect(await loaded({})).toEqual([])
  })

  test('loads what it needs to measure, and what to trace, if it is told to', async () => {
    const [port] = (await freePorts(1)).map(String)
    const measuring = { BFF_METRICS_PORT: String(port), API_METRICS_PORT: String(port) }
    // With the interfaces of OpenTelemetry, for exemplars.
    expect(await loaded(measuring)).toEqual(expect.arrayContaining(['prom-client']))
    expect(await loaded({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })).toEqual(['@opentelemetry'])
  })
})
