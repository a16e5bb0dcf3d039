import { constants, createHmac, createPublicKey, KeyObject, sign } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { checkIdToken } from '../bff/login/id-token.ts'
import { createTokenVerifier } from '../bff/login/provider-tokens.ts'
import { createLog } from '../shared/log.ts'
import { Secret } from '../shared/secret.ts'
import { Browser, textOf } from './support/browser.ts'
import { jumpingClock, newKey } from './support/issuer.ts'
import {
  clientId,
  clientSecret,
  type Gateway,
  type OpenidProvider,
  profile,
  startGateway,
  startOpenidProvider,
} from './support/openid-provider.ts'

type Claims = Readonly<Record<string, unknown>>
type Forgery = (provider: OpenidProvider, claims: Claims) => string | Promise<string>

const now = () => Math.floor(Date.now() / 1000)
const header = { alg: 'RS256', typ: 'JWT', kid: 'first' }
const hs256 = (secret: string | Buffer) => (input: Buffer) =>
  createHmac('sha256', secret).update(input).digest()
const publicPem = ({ key }: OpenidProvider) =>
  createPublicKey({ key: key.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })

/** Claims other than the right ones, signed with the right key. */
const claiming =
  (changes: Claims): Forgery =>
  (provider, claims) =>
    provider.token({ ...claims, ...changes }, { typ: 'JWT' })

const forgeries: [string, Forgery][] = [
  [
    'is signed by another key under the same name, for another user',
    async (provider, claims) =>
      provider.token({ ...claims, sub: 'auth0|admin' }, { typ: 'JWT' }, await newKey('first')),
  ],
  [
    'says another user than was signed',
    async (provider, claims) => {
      const [head, , signature] = (await provider.token(claims, { typ: 'JWT' })).split('.')
      const payload = Buffer.from(JSON.stringify({ ...claims, sub: 'auth0|admin' })).toString('base64url')
      return `${head}.${payload}.${signature}`
    },
  ],
  [
    'is signed by a key that the provider does not have',
    async (provider, claims) => provider.token(claims, { typ: 'JWT' }, await newKey('unknown')),
  ],
  [
    'has alg none',
    (provider, claims) => provider.forge({ ...header, alg: 'none' }, claims, () => Buffer.alloc(0)),
  ],
  [
    'has HS256 with the client secret',
    (provider, claims) => provider.forge({ ...header, alg: 'HS256' }, claims, hs256(clientSecret)),
  ],
  [
    'has HS256 with the public key',
    (provider, claims) => provider.forge({ ...header, alg: 'HS256' }, claims, hs256(publicPem(provider))),
  ],
  [
    'has another algorithm of the right key',
    (provider, claims) =>
      provider.forge({ ...header, alg: 'PS256' }, claims, (input) =>
        sign('sha256', input, {
          key: KeyObject.from(provider.key.privateKey),
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: 32,
        }),
      ),
  ],
  ['is for another client', claiming({ aud: 'another-client' })],
  ['is for a list of others', claiming({ aud: ['another-client', 'https://hello-world.example.com'] })],
  ['was made for another client, and for us too', claiming({ aud: [clientId, 'another'], azp: 'another' })],
  ['was made for another client, whatever its audience says', claiming({ azp: 'another-client' })],
  ['is of another issuer', claiming({ iss: 'https://evil.example/' })],
  ['is expired', claiming({ exp: now() - 120 })],
  ['never expires', claiming({ exp: undefined })],
  ['is from the future', claiming({ iat: now() + 120 })],
  ['says not when it was made', claiming({ iat: undefined })],
  ['names nobody', claiming({ sub: undefined })],
  ['answers another login', claiming({ nonce: 'another' })],
  ['is no token', () => 'a.b.c'],
]

function rows(gateway: Gateway): number {
  const database = new DatabaseSync(join(gateway.folder, 'sessions.db'))
  const row = database.prepare('SELECT count(*) AS count FROM session').get()
  database.close()
  return Number(row?.count)
}

describe('an ID token that', () => {
  let provider: OpenidProvider
  let gateway: Gateway
  beforeAll(async () => {
    provider = await startOpenidProvider()
    gateway = await startGateway(provider)
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await provider[Symbol.asyncDispose]()
  })
  const good = (claims: Claims) => provider.token(claims, { typ: 'JWT' })
  afterEach(() => {
    provider.makeIdToken = good
  })

  test.each(forgeries)('%s logs nobody in (L10)', async (_name, forge) => {
    const before = rows(gateway)
    provider.makeIdToken = (claims) => forge(provider, claims)
    const browser = new Browser(gateway.url)
    const page = await browser.open('/login?returnTo=/profile')
    expect([page.url.pathname, page.status]).toEqual(['/callback', 400])
    expect(textOf(page.text, 'h1')).toBe('The login did not work')
    expect(page.text).toContain('href="/login?returnTo=')
    expect(page.text).not.toMatch(/claim|signature|at \w+ \(/)
    for (const token of provider.issued) expect(page.text).not.toContain(token)
    for (const cookie of page.headers.getSetCookie()) expect(cookie).not.toMatch(/^ticket/)
    expect(await browser.ticket()).toBeUndefined()
    expect(rows(gateway)).toBe(before)
  })

  test('is forged ends nobody’s session: who was logged in before stays so (L10)', async () => {
    const browser = await gateway.login()
    const ticket = await browser.ticket()
    for (const [, forge] of forgeries) {
      provider.makeIdToken = (claims) => forge(provider, claims)
      expect((await browser.open('/login?returnTo=/profile')).status).toBe(400)
    }
    expect([await browser.ticket(), await profile(browser)]).toEqual([ticket, 200])
    expect(provider.revoked).toEqual([])
  })

  test.each<[string, Forgery]>([
    [
      'is for several audiences, us among them, and made for us',
      claiming({ aud: ['other', clientId], azp: clientId }),
    ],
    [
      'names no key while the provider has but one',
      (given, claims) => given.token(claims, { typ: 'JWT', kid: undefined as never }),
    ],
    ['comes from a clock that is half a minute ahead', claiming({ iat: now() + 30 })],
    ['comes from a clock that is half a minute behind', claiming({ exp: now() - 20 })],
  ])('%s logs its user in', async (_name, make) => {
    provider.makeIdToken = (claims) => make(provider, { ...claims, email: 'somebody@example.com' })
    const browser = await gateway.login()
    expect(await profile(browser)).toBe(200)
    expect((await browser.open('/profile')).text).toContain('somebody@example.com')
  })

  test.each([
    ['names nobody', { sub: undefined }],
    ['says not when it was made', { iat: undefined }],
    ['never expires', { exp: undefined }],
  ])('%s is refused also without the checks of the login library (L10)', async (_name, changes) => {
    const settings = {
      kind: 'openid',
      issuer: provider.url,
      clientId,
      clientSecret: new Secret(clientSecret),
      audience: '',
      scope: 'openid',
    } as const
    const verify = createTokenVerifier(settings, await createLog('test', 'silent'))
    const token = await provider.token({ aud: clientId }, { typ: 'JWT' })
    await expect(checkIdToken(token, verify, clientId)).resolves.toBeUndefined()
    const bad = await provider.token({ aud: clientId, ...changes }, { typ: 'JWT' })
    await expect(checkIdToken(bad, verify, clientId)).rejects.toThrow('missing required')
  })
})

describe('the keys of the provider', () => {
  test('are fetched once for many logins', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider)
    expect(provider.keyFetches).toBe(0)
    await Promise.all(Array.from({ length: 10 }, () => gateway.login()))
    await gateway.login()
    expect(provider.keyFetches).toBe(1)
  })

  test('are fetched again for a key that is new, and the old ones go (W01)', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider, jumpingClock(31))
    await gateway.login()
    const second = await newKey('second')
    provider.keys = [second.jwk]
    await gateway.later()
    provider.makeIdToken = (claims) => provider.token(claims, { typ: 'JWT' }, second)
    expect(await profile(await gateway.login())).toBe(200)
    provider.makeIdToken = (claims) => provider.token(claims, { typ: 'JWT' })
    expect(await (await gateway.login()).ticket()).toBeUndefined()
    expect(provider.keyFetches).toBe(2)
  })

  test('are the last good ones while they cannot be had (W05)', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider, jumpingClock(660))
    await gateway.login()
    provider.keySet = (_req, res) => res.writeHead(500).end()
    await gateway.later()
    expect(await profile(await gateway.login())).toBe(200)
    expect(provider.keyFetches).toBe(2)
  })

  test('are out of reach: a page that says so and leads back, and no word of a bad login', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider, jumpingClock(5))
    provider.keySet = (_req, res) => res.writeHead(500).end()
    const browser = new Browser(gateway.url)
    const page = await browser.open('/login?returnTo=/profile')
    expect([page.url.pathname, page.status]).toEqual(['/callback', 503])
    expect(page.headers.get('retry-after')).toBe('5')
    expect(textOf(page.text, 'h1')).toBe('The identity provider is out of reach')
    expect(page.text).toContain('href="/login?returnTo=%2Fprofile"')
    expect([await browser.ticket(), rows(gateway)]).toEqual([undefined, 0])
    provider.keySet = undefined
    await gateway.later()
    expect((await browser.open('/login?returnTo=/profile')).url.pathname).toBe('/profile')
    expect(await profile(browser)).toBe(200)
  })
})

test('a login asks for the scopes that LOGIN_SCOPE names', async () => {
  await using provider = await startOpenidProvider()
  const scope = 'openid offline_access api://messages/access_as_user'
  await using other = await startGateway(provider, { LOGIN_SCOPE: scope })
  const { headers } = await new Browser(other.url).request('/login')
  expect(new URL(headers.get('location') ?? '').searchParams.get('scope')).toBe(scope)
})
