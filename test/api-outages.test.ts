import type { RequestListener } from 'node:http'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, type Issuer, jumpingClock, startApi, startIssuer } from './support/issuer.ts'

async function get(api: Api, token: string) {
  const { status, body, headers } = await request(api.url)
    .get('/api/messages/protected')
    .set('Authorization', `Bearer ${token}`)
  return { status, body, retryAfter: headers['retry-after'], challenge: headers['www-authenticate'] }
}

/** Never 401: whoever is logged in must not be thrown out by an outage. */
const unavailable = {
  status: 503,
  body: { message: 'Unable to verify credentials' },
  retryAfter: '5',
  challenge: undefined,
}

const says =
  (status: number, body = '', headers: Record<string, string> = {}): RequestListener =>
  (_req, res) => {
    res.writeHead(status, headers).end(body)
  }
const html = says(200, '<!doctype html><title>Log in</title>', { 'Content-Type': 'text/html' })
const hangsUp: RequestListener = (req) => {
  req.destroy()
}

describe('an issuer that is down', () => {
  test('is 503 with Retry-After, and its return is noticed without a restart (F11)', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, jumpingClock(3))
    await issuer.stop()
    expect(await get(api, await issuer.token())).toEqual(unavailable)
    const ready = await request(api.url).get('/readyz')
    expect([ready.status, ready.body, ready.headers['retry-after']]).toEqual([503, unavailable.body, '5'])

    await issuer.goOn()
    await api.later()
    expect(await api.statusOf(await issuer.token())).toBe(200)
    expect((await request(api.url).get('/readyz')).status).toBe(200)
  })

  test('does not touch what needs no key (F11)', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url)
    await issuer.stop()
    expect((await request(api.url).get('/api/messages/public')).status).toBe(200)
    expect((await request(api.url).get('/livez')).status).toBe(200)
    expect((await request(api.url).get('/api/messages/protected')).status).toBe(401)
    expect(await api.statusOf('a.b.c')).toBe(401)
    expect(await api.statusOf(issuer.forge({ alg: 'none', kid: 'first' }, issuer.claims()))).toBe(401)
  })

  test('leaves the keys that were fetched last good, also when they are old (W05, F11)', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, jumpingClock(660))
    const good = await issuer.token()
    expect(await api.statusOf(good)).toBe(200)
    await issuer.stop()
    await api.later()
    // The first finds the issuer gone, the second finds that somebody has found that.
    for (let times = 0; times < 2; times += 1) {
      expect(await api.statusOf(good)).toBe(200)
      expect(await api.statusOf(await issuer.token({ exp: 1 }))).toBe(401)
      expect(await get(api, await issuer.token({}, { kid: 'unknown' }))).toEqual(unavailable)
    }
    await issuer.goOn()
    await api.later()
    expect(await api.statusOf(await issuer.token({}, { kid: 'unknown' }))).toBe(401)
    expect(await api.statusOf(good)).toBe(200)
  })

  test('is asked once in two seconds, not for every request (W04)', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, jumpingClock(3))
    issuer.keySet = says(500)
    const token = await issuer.token()
    expect(await api.statusOf(token)).toBe(503)
    const statuses = await Promise.all(Array.from({ length: 50 }, () => api.statusOf(token)))
    expect(new Set(statuses)).toEqual(new Set([503]))
    expect(issuer.keyFetches).toBe(1)
    await api.later()
    expect(await api.statusOf(token)).toBe(503)
    expect(issuer.keyFetches).toBe(2)
    issuer.keySet = undefined
    await api.later()
    expect(await api.statusOf(token)).toBe(200)
  })
})

describe('an issuer that says nothing', () => {
  test('holds up its own requests for five seconds, and no others (W06, F11)', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url)
    const asked = new Promise<void>((resolve) => {
      issuer.keySet = () => resolve()
    })
    const token = await issuer.token()
    const startedAt = performance.now()
    const answer = get(api, token)
    await asked
    expect((await request(api.url).get('/api/messages/public')).status).toBe(200)
    expect(performance.now() - startedAt).toBeLessThan(4000)
    expect(await answer).toEqual(unavailable)
    expect(performance.now() - startedAt).toBeLessThan(20_000)

    const again = performance.now()
    expect(await get(api, token)).toEqual(unavailable)
    expect(performance.now() - again).toBeLessThan(4000)
  })

  test('does not hold up requests because /readyz asks it once more', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url)
    const token = await issuer.token()
    issuer.discovery = says(500)
    expect(await get(api, token)).toEqual(unavailable)
    const asked = new Promise<void>((resolve) => {
      issuer.discovery = () => resolve()
    })
    const ready = request(api.url)
      .get('/readyz')
      .then(({ status }) => status)
    await asked
    const startedAt = performance.now()
    expect(await get(api, token)).toEqual(unavailable)
    expect(performance.now() - startedAt).toBeLessThan(4000)
    await issuer.stop()
    expect(await ready).toBe(503)
  })
})

describe('an issuer that is not in order', () => {
  let issuer: Issuer
  let api: Api
  beforeAll(async () => {
    issuer = await startIssuer()
    api = await startApi(issuer.url, jumpingClock(3))
  })
  afterAll(async () => {
    await api[Symbol.asyncDispose]()
    await issuer[Symbol.asyncDispose]()
  })

  /** Well-formed but for the changes. */
  const document = (changes: (url: string) => object) => (): RequestListener =>
    says(200, JSON.stringify({ ...issuer.metadata, ...changes(issuer.url) }))
  /** Good, but only at the address that it sends to. */
  const elsewhere = (good: () => object) => (): RequestListener => (req, res) => {
    const answer = req.url?.endsWith('?moved')
      ? says(200, JSON.stringify(good()))
      : says(302, '', { Location: `${req.url}?moved` })
    answer(req, res)
  }

  test.each<[string, () => RequestListener]>([
    ['comes with 500', () => says(500, JSON.stringify(issuer.metadata))],
    ['is not there', () => says(404)],
    ['is a page (W07)', () => html],
    ['breaks off', () => hangsUp],
    ['is elsewhere (W07)', elsewhere(() => issuer.metadata)],
    ['is about another issuer (W10)', document(() => ({ issuer: 'https://other.eu.auth0.com/' }))],
    ['spells the issuer without its slash (W10)', document((url) => ({ issuer: url.slice(0, -1) }))],
    ['names no issuer (W10)', document(() => ({ issuer: undefined }))],
    ['names no key set (W10)', document(() => ({ jwks_uri: undefined }))],
    ['names a key set that is no address (W10)', document(() => ({ jwks_uri: '/keys' }))],
    ['names a key set in a file (W10)', document(() => ({ jwks_uri: 'file:///keys' }))],
    // The same keys, as a fetch would find, but at another origin.
    [
      'names a key set without TLS at another host (W10)',
      document((url) => ({ jwks_uri: `${url.replace('127.0.0.1', 'localhost')}keys` })),
    ],
  ])('is 503 when its discovery document %s', async (_what, discovery) => {
    await api.later()
    issuer.discovery = discovery()
    expect(await get(api, await issuer.token())).toEqual(unavailable)
    expect(issuer.keyFetches).toBe(0)
    issuer.discovery = undefined
  })

  test.each<[string, () => RequestListener]>([
    ['comes with 500', () => says(500, JSON.stringify({ keys: issuer.keys }))],
    ['is not there', () => says(404)],
    ['is a page (W07)', () => html],
    ['is elsewhere (W07)', elsewhere(() => ({ keys: issuer.keys }))],
    ['breaks off', () => hangsUp],
    ['is cut off', () => says(200, '{"keys":[')],
    ['holds no list', () => says(200, '{"keys":{}}')],
    ['is a list', () => says(200, '[]')],
    ['is null', () => says(200, 'null')],
  ])('is 503 when its key set %s', async (_what, keySet) => {
    await api.later()
    issuer.keySet = keySet()
    expect(await get(api, await issuer.token())).toEqual(unavailable)
    expect(issuer.asked.at(-1)).toBe('/keys')
    issuer.keySet = undefined
  })

  test('is forgiven once it is in order', async () => {
    await api.later()
    expect(await api.statusOf(await issuer.token())).toBe(200)
  })
})
