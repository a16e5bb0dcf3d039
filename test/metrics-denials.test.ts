import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { type Api, type Issuer, startApi, startIssuer } from './support/issuer.ts'
import { risen, scrape } from './support/metrics.ts'
import { freePorts } from './support/ports.ts'
import type { Program } from './support/program.ts'
import { type Proxied, startProxied } from './support/proxied.ts'

const denials = (program: Program, port: number, work: () => Promise<unknown>) =>
  risen(() => scrape(program, port), ['cloakroom_denials_total', 'reason'], work)

describe('a request that the gateway refuses is counted once, by the reason:', () => {
  const rate = 20
  let all: Proxied
  let port: number
  beforeAll(async () => {
    ;[port = 0] = await freePorts(1)
    all = await startProxied({ BFF_METRICS_PORT: String(port), LOGIN_RATE: String(rate) })
  })
  afterAll(() => all[Symbol.asyncDispose]())
  const refused = (work: () => Promise<unknown>) => denials(all.gateway.program, port, work)
  const anonymous = () => new Browser(all.url)
  const answersWith = (status: number) => {
    all.upstream.answer = (_req, res) =>
      void res.writeHead(status, { 'Content-Type': 'application/json' }).end('{}')
  }

  test.each<[string, string, () => Promise<unknown>]>([
    ['a script of nobody’s', 'not logged in', () => anonymous().fetch('/api/own')],
    [
      'a page for nobody',
      'not logged in',
      () => anonymous().request('/profile', { headers: { accept: 'text/html' } }),
    ],
    [
      'a script of another site',
      'cross-site',
      () => all.user.fetch('/api/own', { headers: { 'sec-fetch-site': 'cross-site' } }),
    ],
    [
      'a form of a neighbour',
      'cross-site',
      () => all.user.sendForm('/logout', { headers: { 'sec-fetch-site': 'same-site' } }),
    ],
    ['a frame', 'cross-site', () => all.user.request('/', { headers: { 'sec-fetch-dest': 'iframe' } })],
    [
      'a form without its token',
      'form token',
      () => all.user.sendForm('/logout', { fields: { token: 'x' } }),
    ],
    ['two slashes', 'ambiguous request', () => all.send('GET /a//b HTTP/1.1', [`Host: ${all.host}`])],
    ['an unknown method', 'ambiguous request', () => all.send('PROPFIND / HTTP/1.1', [`Host: ${all.host}`])],
    ['another name', 'wrong host', () => all.send('GET / HTTP/1.1', ['Host: evil.example'])],
    ['a forged logout token', 'logout token', () => all.gateway.post({ logout_token: 'x' })],
  ])('%s: %s', async (_what, reason, request) => {
    expect(await refused(request)).toEqual({ [reason]: 1 })
  })

  test('what the API forbids, on a route or for a page: forbidden', async () => {
    answersWith(403)
    expect(await refused(() => all.user.fetch('/api/own'))).toEqual({ forbidden: 1 })
    expect(await refused(() => all.user.open('/admin'))).toEqual({ forbidden: 1 })
    answersWith(200)
    expect(await refused(() => all.user.fetch('/api/own'))).toEqual({})
  })

  test('one login too many in a minute: rate', async () => {
    const rises = await refused(async () => {
      for (let times = 0; times <= rate; times += 1) await anonymous().request('/login')
    })
    expect(rises).toEqual({ rate: expect.any(Number) })
  })
})

describe('a request that the API refuses is counted once, by what is wrong with it:', () => {
  let issuer: Issuer
  let api: Api
  let port: number
  beforeAll(async () => {
    ;[port = 0] = await freePorts(1)
    issuer = await startIssuer()
    api = await startApi(issuer.url, { API_METRICS_PORT: String(port) })
  })
  afterAll(async () => {
    await api[Symbol.asyncDispose]()
    await issuer[Symbol.asyncDispose]()
  })
  const get = (authorization?: string, name = 'protected') =>
    fetch(`${api.url}/api/messages/${name}`, { headers: authorization ? { authorization } : {} })
  const header = () => ({ alg: 'RS256', typ: 'at+jwt', kid: issuer.key.kid })

  test.each<[string, () => Promise<unknown>]>([
    ['no credentials', () => get()],
    ['malformed', () => get('Bearer a b')],
    ['form', () => get('Bearer x.y.z')],
    ['header', () => get(`Bearer ${issuer.forge({ ...header(), alg: 'RS512' }, issuer.claims())}`)],
    ['key', async () => get(`Bearer ${await issuer.token({}, { kid: 'unknown' })}`)],
    ['signature', () => get(`Bearer ${issuer.forge(header(), issuer.claims(), () => Buffer.alloc(256))}`)],
    ['claims', async () => get(`Bearer ${await issuer.token({ aud: 'another' })}`)],
    ['claims', async () => get(`Bearer ${await issuer.token({ exp: 1 })}`)],
    ['permission', async () => get(`Bearer ${await issuer.token()}`, 'admin')],
  ])('%s', async (reason, request) => {
    expect(await denials(api.program, port, request)).toEqual({ [reason]: 1 })
  })

  test('and one that it serves is not counted', async () => {
    const serve = async () => expect((await get(`Bearer ${await issuer.token()}`)).status).toBe(200)
    expect(await denials(api.program, port, serve)).toEqual({})
  })
})
