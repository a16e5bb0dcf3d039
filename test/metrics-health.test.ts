import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createMeters } from '../bff/metrics.ts'
import { startApi, startIssuer } from './support/issuer.ts'
import { Metrics, metricsUrl, risen, scrape } from './support/metrics.ts'
import { freePorts } from './support/ports.ts'
import { type Proxied, startProxied } from './support/proxied.ts'
import { Wire } from './support/wire.ts'

let all: Proxied
let port: number
beforeAll(async () => {
  ;[port = 0] = await freePorts(1)
  all = await startProxied({ BFF_METRICS_PORT: String(port) })
})
afterAll(() => all[Symbol.asyncDispose]())

const ask = () => scrape(all.gateway.program, port)
const value = async (name: string, labels = {}) => (await ask()).sum(name, labels)

describe('the storage', () => {
  const operations = 'cloakroom_storage_operation_duration_seconds_count'

  test('is up while it can be used, and down while it cannot', async () => {
    expect(await value('cloakroom_storage_up')).toBe(1)
    const database = new DatabaseSync(`${all.gateway.folder}/sessions.db`)
    database.exec('ALTER TABLE session RENAME TO away')
    try {
      expect(await value('cloakroom_storage_up')).toBe(0)
      const rises = await risen(ask, [operations, 'outcome'], () => all.user.open('/profile'))
      expect(rises).toMatchObject({ failed: 1 })
    } finally {
      database.exec('ALTER TABLE away RENAME TO session')
      database.close()
    }
    expect(await value('cloakroom_storage_up')).toBe(1)
  })

  test('has its operations counted and timed', async () => {
    const rises = await risen(ask, [operations, 'operation'], () => all.user.open('/profile'))
    expect(rises).toMatchObject({ read: 1 })
    expect(await value(operations, { operation: 'create', outcome: 'done' })).toBeGreaterThanOrEqual(1)
    const seconds = await value('cloakroom_storage_operation_duration_seconds_sum', { operation: 'create' })
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThan(60)
  })

  test('that does not answer is down, and holds up nobody who asks for the metrics', async () => {
    const [ownPort = 0] = await freePorts(1)
    const meters = createMeters('localhost', ownPort)
    meters.watchStorage(() => new Promise(() => {}))
    const close = await meters.serve(createServer())
    const answer = await fetch(`http://localhost:${ownPort}/metrics`)
    expect(new Metrics(await answer.text()).sum('cloakroom_storage_up')).toBe(0)
    await close()
  })
})

describe('the identity provider', () => {
  test('is up or down by the last contact with it, and its answers are timed', async () => {
    all.provider.accessTokenSeconds = 1
    const user = await all.gateway.login('/')
    expect(await value('cloakroom_provider_up')).toBe(1)
    const count = 'cloakroom_provider_request_duration_seconds_count'
    await all.provider.stop()
    const untilUp = (up: number) =>
      vi.waitFor(async () => {
        await user.fetch('/api/own')
        expect(await value('cloakroom_provider_up')).toBe(up)
      }, 60_000)
    expect(await risen(ask, [count, 'outcome'], () => untilUp(0))).toEqual({ failed: expect.any(Number) })
    await all.provider.goOn()
    expect(await risen(ask, [count, 'outcome'], () => untilUp(1))).toMatchObject({
      answered: expect.any(Number),
    })
    all.provider.accessTokenSeconds = 3600
  })

  test('is up after a login that worked, and down after one for which it was away', async () => {
    const browser = await all.gateway.login('/')
    const begun = await browser.request('/login')
    const back = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' })
    await all.provider.stop()
    await browser.open(back.headers.get('location') ?? '')
    expect(await value('cloakroom_provider_up')).toBe(0)
    await all.provider.goOn()
    await all.gateway.login('/')
    expect(await value('cloakroom_provider_up')).toBe(1)
  })

  test('has keys of an age at the gateway', async () => {
    const age = await value('cloakroom_jwks_age_seconds')
    expect(age).toBeGreaterThan(0)
    await vi.waitFor(async () => expect(await value('cloakroom_jwks_age_seconds')).toBeGreaterThan(age ?? 0))
  })

  test('has keys of an age at the API, once they were fetched', async () => {
    const [apiPort = 0] = await freePorts(1)
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, { API_METRICS_PORT: String(apiPort) })
    const keyAge = async () => (await scrape(api.program, apiPort)).sum('cloakroom_jwks_age_seconds')
    expect(await keyAge()).toBeUndefined()
    const authorization = `Bearer ${await issuer.token()}`
    expect((await fetch(`${api.url}/api/messages/protected`, { headers: { authorization } })).status).toBe(
      200,
    )
    expect(await keyAge()).toBeGreaterThan(0)
    expect(await keyAge()).toBeLessThan(60)
  })
})

test('an answer that is stopped because it has a token in it is counted', async () => {
  all.upstream.answer = (req, res) =>
    void res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(req.headers))
  const before = await value('cloakroom_token_guard_stops_total')
  expect((await all.user.fetch('/api/own')).status).toBe(502)
  expect(await value('cloakroom_token_guard_stops_total')).toBe((before ?? 0) + 1)
})

test('a request counts as active for as long as it takes, and a connection for as long as it is there', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  all.upstream.answer = (_req, res) => {
    void promise.then(() => res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}'))
  }
  const [active, connections] = ['http_server_active_requests', 'http_server_connections']
  expect(await value(active)).toBe(0)
  const arrived = all.upstream.arrived.length
  const answer = all.user.fetch('/api/own')
  const idle = new Wire(all.gateway.program.ownUrl)
  await vi.waitFor(() => expect(all.upstream.arrived.length).toBe(arrived + 1), 20_000)
  expect(await value(active)).toBe(1)
  await vi.waitFor(async () => expect(await value(connections)).toBeGreaterThanOrEqual(2), 20_000)
  const before = (await value(connections)) ?? 0
  resolve()
  idle.socket.destroy()
  expect((await answer).status).toBe(200)
  await vi.waitFor(async () => expect(await value(active)).toBe(0), 20_000)
  await vi.waitFor(async () => expect(await value(connections)).toBeLessThan(before), 20_000)
})

test('a request whose client goes before there is an answer counts as one without a status', async () => {
  all.upstream.answer = () => {}
  const arrived = all.upstream.arrived.length
  const client = new Wire(all.url)
  client.socket.write(`GET /api/own HTTP/1.1\r\n${all.ownLines.join('\r\n')}\r\n\r\n`)
  await vi.waitFor(() => expect(all.upstream.arrived.length).toBe(arrived + 1), 20_000)
  client.socket.destroy()
  const labels = { route: '/api/own', status: 'none' }
  await vi.waitFor(async () => {
    expect(await value('http_server_request_duration_seconds_count', labels)).toBe(1)
  }, 20_000)
})

test('the metrics can be had until the last request is answered, and the program ends', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  all.upstream.answer = (_req, res) => {
    void promise.then(() => res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}'))
  }
  const arrived = all.upstream.arrived.length
  const answer = all.user.fetch('/api/own')
  await vi.waitFor(() => expect(all.upstream.arrived.length).toBe(arrived + 1), 20_000)
  const url = metricsUrl(all.gateway.program, port)
  const end = all.gateway.program.stop()
  await all.gateway.program.line(({ msg }) => msg === 'stopping')
  expect((await ask()).sum('http_server_active_requests')).toBe(1)
  resolve()
  expect((await answer).status).toBe(200)
  expect(await end).toBe(0)
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})
