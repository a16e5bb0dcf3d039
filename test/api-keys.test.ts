import { generateKeyPairSync, sign } from 'node:crypto'
import { exportJWK, type JWK } from 'jose'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fetchKeySet } from '../shared/key-set.ts'
import { type Api, type Issuer, jumpingClock, newKey, startApi, startIssuer } from './support/issuer.ts'

describe('the keys of the issuer', () => {
  test('are asked for when the first token comes, and only then', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url)
    await request(api.url).get('/api/messages/public').set('Authorization', 'Bearer x')
    await request(api.url).get('/livez')
    expect(issuer.asked).toEqual([])
    for (let times = 0; times < 10; times += 1) expect(await api.statusOf(await issuer.token())).toBe(200)
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys'])
  })

  test('are fetched once for a hundred requests at the same time (W03)', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url)
    const token = await issuer.token()
    const statuses = await Promise.all(Array.from({ length: 100 }, () => api.statusOf(token)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys'])
  })

  test('are fetched by /readyz too, so that the first user need not wait', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url)
    await request(api.url).get('/readyz').expect(200)
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys'])
    await request(api.url).get('/readyz').expect(200)
    expect(await api.statusOf(await issuer.token())).toBe(200)
    expect(issuer.keyFetches).toBe(1)
  })

  test('are not fetched again for a flood of unknown key ids, nor for garbage (W02)', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url)
    expect(await api.statusOf('a.b.c')).toBe(401)
    expect(issuer.asked).toEqual([])
    expect(await api.statusOf(await issuer.token())).toBe(200)
    const tokens = await Promise.all(
      Array.from({ length: 200 }, (_, number) => issuer.token({}, { kid: `unknown-${number}` })),
    )
    const statuses = await Promise.all(tokens.map((token) => api.statusOf(token)))
    expect(new Set(statuses)).toEqual(new Set([401]))
    expect(issuer.keyFetches).toBe(1)
  })

  test('are fetched again for an unknown key id half a minute later, and the old ones go (W01)', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, jumpingClock(31))
    const old = await issuer.token()
    expect(await api.statusOf(old)).toBe(200)
    const second = await newKey('second')
    issuer.keys = [second.jwk]
    const fresh = await issuer.token({}, {}, second)
    await api.later()
    expect(await api.statusOf(old)).toBe(200)
    expect(await api.statusOf(fresh)).toBe(200)
    expect(await api.statusOf(old)).toBe(401)
    expect(issuer.keyFetches).toBe(2)
  })
})

describe('a key that cannot verify', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
  let issuer: Issuer
  let api: Api
  beforeAll(async () => {
    issuer = await startIssuer()
    const { n = '', e = 'AQAB' } = issuer.key.jwk
    const common = { kty: 'RSA', use: 'sig', alg: 'RS256' }
    issuer.keys = [
      issuer.key.jwk,
      { ...common, ...short.publicKey.export({ format: 'jwk' }), kid: 'short' } as JWK,
      { ...common, ...(await exportJWK(issuer.key.privateKey)), kid: 'private' },
      { ...common, n, e, kid: 'twice' },
      { ...common, n, e, kid: 'twice' },
      { ...common, n, e, kid: 'for encryption', use: 'enc' },
      { ...common, n, e, kid: 'for another algorithm', alg: 'RS512' },
      { ...common, n: '!'.repeat(342), e, kid: 'garbled' },
      { ...common, n: n.repeat(5), e, kid: 'of more than 8192 bits' },
      { ...common, n, e: `${e}${e}`, kid: 'with a long exponent' },
      { ...common, n, e, kid: 'for wrapping keys', key_ops: ['wrapKey'] },
      { ...common, e, kid: 'without modulus' },
      { ...common, n, e, kid: 'of another kind', kty: 'EC' },
      { kty: 'oct', k: n, kid: 'symmetric', alg: 'RS256' },
      { kid: 'without type' } as JWK,
      null as unknown as JWK,
    ]
    api = await startApi(issuer.url)
  })
  afterAll(async () => {
    await api[Symbol.asyncDispose]()
    await issuer[Symbol.asyncDispose]()
  })

  test.each([
    'private',
    'twice',
    'for encryption',
    'for another algorithm',
    'garbled',
    'of more than 8192 bits',
    'with a long exponent',
    'for wrapping keys',
    'without modulus',
    'of another kind',
    'symmetric',
    'without type',
  ])('is as good as none: %s (W09)', async (kid) => {
    expect(await api.statusOf(await issuer.token({}, { kid }))).toBe(401)
    expect(await api.statusOf(await issuer.token())).toBe(200)
    expect(issuer.keyFetches).toBe(1)
  })

  test('is as good as none: RSA of 1024 bits, although it signed rightly (W09)', async () => {
    const header = { alg: 'RS256', typ: 'at+jwt', kid: 'short' }
    const signature = (input: Buffer) => sign('sha256', input, short.privateKey)
    expect(await api.statusOf(issuer.forge(header, issuer.claims(), signature))).toBe(401)
    expect(await api.statusOf(await issuer.token())).toBe(200)
    expect(issuer.keyFetches).toBe(1)
  })

  test('is not even looked at: only the good one is kept (W09)', async () => {
    expect([...(await fetchKeySet(`${issuer.url}keys`, undefined)).keys()]).toEqual(['first'])
  })
})
