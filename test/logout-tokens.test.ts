import { constants, createHmac, createPublicKey, KeyObject, sign } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, type Page, send } from './support/browser.ts'
import { newKey } from './support/issuer.ts'
import {
  clientId,
  clientSecret,
  type Gateway,
  logoutEvent,
  type OpenidProvider,
  profile,
  startGateway,
  startOpenidProvider,
} from './support/openid-provider.ts'

let provider: OpenidProvider
let gateway: Gateway
let user: Browser
beforeAll(async () => {
  provider = await startOpenidProvider()
  gateway = await startGateway(provider)
  user = await gateway.login()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})
afterEach(async () => {
  // Nothing that is refused here has changed anything.
  expect(await profile(user)).toBe(200)
  expect(gateway.program.log.filter(({ level }) => level === 'error')).toEqual([])
})

const now = () => Math.floor(Date.now() / 1000)
const header = { alg: 'RS256', typ: 'logout+jwt', kid: 'first' }
const hs256 = (secret: string | Buffer) => (input: Buffer) =>
  createHmac('sha256', secret).update(input).digest()
const rsa = (hash: string, padding: number, saltLength?: number) => (input: Buffer) =>
  sign(hash, input, {
    key: KeyObject.from(provider.key.privateKey),
    padding,
    ...(saltLength !== undefined && { saltLength }),
  })
const forged = (changes: object, signature: (input: Buffer) => Buffer) =>
  provider.forge({ ...header, ...changes }, provider.logoutClaims(), signature)

function expectRefusal(answer: Page): void {
  expect([answer.status, JSON.parse(answer.text)]).toEqual([
    400,
    { error: 'invalid_request', error_description: 'The request does not carry one valid logout token' },
  ])
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer.headers.get('cache-control')).toBe('no-store')
}

describe('a logout token is refused, and nothing happens, when it', () => {
  test.each<[string, () => string | Promise<string>]>([
    [
      'is signed by another key under the same name (B03)',
      async () => provider.logoutToken({}, {}, await newKey('first')),
    ],
    [
      'says something else than was signed (B03)',
      async () => {
        const [head, , signature] = (await provider.logoutToken({ sub: 'auth0|other' })).split('.')
        const payload = Buffer.from(JSON.stringify(provider.logoutClaims())).toString('base64url')
        return `${head}.${payload}.${signature}`
      },
    ],
    ['has no signature (B03)', async () => (await provider.logoutToken()).replace(/[^.]+$/, '')],
    [
      'names a key that the provider does not have (B04)',
      async () => provider.logoutToken({}, {}, await newKey('unknown')),
    ],
    ['has alg none (B05)', () => forged({ alg: 'none' }, () => Buffer.alloc(0))],
    ['has alg None (B05)', () => forged({ alg: 'None' }, () => Buffer.alloc(0))],
    ['has no alg (B05)', () => forged({ alg: undefined }, () => Buffer.alloc(0))],
    ['has HS256 with the client secret (B06)', () => forged({ alg: 'HS256' }, hs256(clientSecret))],
    [
      'has HS256 with the public key (B06)',
      () => {
        const key = createPublicKey({ key: provider.key.jwk, format: 'jwk' })
        return forged({ alg: 'HS256' }, hs256(key.export({ type: 'spki', format: 'pem' })))
      },
    ],
    [
      'has RS512 with the right key (B06)',
      () => forged({ alg: 'RS512' }, rsa('sha512', constants.RSA_PKCS1_PADDING)),
    ],
    [
      'has PS256 with the right key (B06)',
      () => forged({ alg: 'PS256' }, rsa('sha256', constants.RSA_PKCS1_PSS_PADDING, 32)),
    ],
    ['is no token at all', () => 'a.b.c'],
    ['is empty', () => ''],
  ])('%s', async (_name, make) => {
    expectRefusal(await gateway.logOut(await make()))
  })

  const event = (value: unknown) => ({ events: { [logoutEvent]: value } })
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['B07: another issuer', { iss: 'https://evil.example/' }],
    [
      'B07: the issuer without its slash',
      {
        get iss() {
          return provider.url.slice(0, -1)
        },
      },
    ],
    [
      'B07: a list of issuers',
      {
        get iss() {
          return [provider.url]
        },
      },
    ],
    ['B07: no issuer', { iss: undefined }],
    ['B08: another audience', { aud: 'another-client' }],
    ['B08: a longer audience', { aud: `${clientId}-2` }],
    ['B08: a list of other audiences', { aud: ['another-client', `${clientId}-2`] }],
    ['B08: no audience', { aud: undefined }],
    ['B09: an end that is past', { exp: now() - 10 }],
    ['B10: no end', { exp: undefined }],
    ['B10: an end that is no number', { exp: String(now() + 60) }],
    ['B11: no time of issue', { iat: undefined }],
    ['B11: a time of issue that is no number', { iat: String(now()) }],
    ['B11: a time of issue more than two minutes ago', { iat: now() - 130 }],
    ['B11: a time of issue to come', { iat: now() + 60 }],
    ['B12: no identifier', { jti: undefined }],
    ['B12: an empty identifier', { jti: '' }],
    ['B12: an identifier that is no text', { jti: 1 }],
    ['B14: a nonce', { nonce: 'x' }],
    ['B14: an empty nonce', { nonce: '' }],
    ['B14: a nonce that is null', { nonce: null }],
    ['B15: no events', { events: undefined }],
    ['B15: events that are the address', { events: logoutEvent }],
    ['B15: events that are a list', { events: [logoutEvent] }],
    ['B15: events that are null', { events: null }],
    ['B15: another event', { events: { 'http://schemas.openid.net/event/other': {} } }],
    ['B15: an event that is true', event(true)],
    ['B15: an event that is text', event('{}')],
    ['B15: an event that is a list', event([])],
    ['B15: an event that is null', event(null)],
    ['B18: neither sub nor sid', { sub: undefined }],
    ['B19: a sid that is an object', { sid: { first: true } }],
    ['B19: a sid that is a number', { sid: 1 }],
    ['B19: a sid that is a list', { sid: ['first'] }],
    ['B19: a sid that is null', { sid: null }],
    ['B19: an empty sid', { sid: '' }],
    ['B19: a sub that is an object', { sub: {} }],
    ['B19: a sub that is a list', { sub: ['auth0|user'] }],
    ['B19: an empty sub', { sub: '' }],
  ])('says what it must not, %s', async (_name, changes) => {
    expectRefusal(await gateway.logOut(provider.logoutToken(changes)))
  })

  test('names its user by a trick of JavaScript (B19)', async () => {
    const claims = JSON.stringify({ ...provider.logoutClaims(), sub: undefined })
    const tricked = claims.replace(/\}$/, ',"__proto__":{"sub":"auth0|user","sid":"first"}}')
    expectRefusal(await gateway.logOut(provider.forge(header, tricked)))
  })

  test.each([
    ['JWT', { typ: 'JWT' }],
    ['at+jwt', { typ: 'at+jwt' }],
    ['nothing', { typ: undefined as never }],
    ['a list', { typ: ['logout+jwt'] as never }],
    ['something longer', { typ: 'logout+jwt2' }],
    ['another media type', { typ: 'text/logout+jwt' }],
  ])('has a header whose typ says %s (B16)', async (_name, changes) => {
    expectRefusal(await gateway.logOut(provider.logoutToken({}, changes)))
  })

  test('is an ID token or an access token (B17)', async () => {
    const idTokens = provider.issued.filter((token) => token.startsWith('ey'))
    expect(idTokens).toHaveLength(1)
    for (const token of idTokens) expectRefusal(await gateway.logOut(token))
    expectRefusal(await gateway.logOut(provider.token()))
    expectRefusal(await gateway.logOut(provider.token({ aud: clientId })))
  })
})

describe('a request is refused, although its token is good, when it', () => {
  const refused = async (body: string, headers?: Record<string, string>) =>
    expectRefusal(await gateway.post(body, headers))

  test('has the parameter twice, or none (B20)', async () => {
    const [one, two] = [await provider.logoutToken(), await provider.logoutToken()]
    await refused(`logout_token=${one}&logout_token=${two}`)
    await refused(`logout_token=${one}&logout_token=${one}`)
    await refused(`logout_token=x&logout_token=${one}`)
    await refused(`logout_token[]=${one}`)
    await refused(`logout_token[a]=${one}`)
    await refused(`LOGOUT_TOKEN=${one}`)
    await refused('')
  })

  test('is no form (B21)', async () => {
    const token = await provider.logoutToken()
    await refused(JSON.stringify({ logout_token: token }), { 'content-type': 'application/json' })
    await refused(`logout_token=${token}`, { 'content-type': 'text/plain' })
    await refused(`logout_token=${token}`, { 'content-type': 'multipart/form-data; boundary=x' })
    await refused(`logout_token=${token}`, {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-7',
    })
  })

  test('has the token in its address (B21)', async () => {
    const url = new URL(`/backchannel-logout?logout_token=${await provider.logoutToken()}`, gateway.url)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expectRefusal(await send(url, 'POST', form))
  })

  test('is large, has many fields, or is compressed (B21)', async () => {
    const token = await provider.logoutToken()
    await refused(`logout_token=${token}&more=${'x'.repeat(200_000)}`)
    await refused(`logout_token=${token}&more=${'x'.repeat(10_240 - 20)}`)
    await refused(`logout_token=${token}${'&more=1'.repeat(20)}`)
    const compressed = gzipSync(`logout_token=${token}`)
    const response = await fetch(`${gateway.url}/backchannel-logout`, {
      method: 'POST',
      body: compressed,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
    })
    expect([response.status, await response.json()]).toMatchObject([400, { error: 'invalid_request' }])
  })

  test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('is %s (B21)', async (method) => {
    const body = `logout_token=${await provider.logoutToken()}`
    const form = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
    }
    const answer = await send(new URL('/backchannel-logout', gateway.url), method, form, body)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test('goes to an address that is spelt otherwise', async () => {
    for (const path of ['/Backchannel-Logout', '/backchannel-logout/']) {
      const body = `logout_token=${await provider.logoutToken()}`
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      expect((await send(new URL(path, gateway.url), 'POST', form, body)).status).toBe(403)
    }
  })

  test('shows a ticket in the place of a token: no cookie counts here', async () => {
    const cookie = await user.jar.getCookieString(gateway.url)
    await refused('', { cookie })
    await refused(`logout_token=${await user.ticket()}`, { cookie, origin: gateway.url })
  })
})

describe('a logout token is accepted when it', () => {
  /** With a session of another user, so that the one above goes on. */
  async function accepts(
    claims: Readonly<Record<string, unknown>>,
    header: Readonly<Record<string, unknown>> = {},
    on = gateway,
  ): Promise<void> {
    provider.user = { sub: 'auth0|other', sid: 'other' }
    const browser = await on.login()
    expect(await profile(browser)).toBe(200)
    const answer = await on.logOut(provider.logoutToken({ sub: 'auth0|other', ...claims }, header))
    expect([answer.status, answer.text, await profile(browser)]).toEqual([200, '', 401])
  }

  test.each([
    ['has a typ in capitals (B16)', {}, { typ: 'LOGOUT+JWT' }],
    ['has a typ with its media type (B16)', {}, { typ: 'application/logout+jwt' }],
    ['is for several audiences, us among them (B08)', { aud: ['another-client', clientId] }, {}],
    ['is almost two minutes old (B11)', { iat: now() - 60, exp: now() + 60 }, {}],
    ['comes from a clock that is a little ahead (B11)', { iat: now() + 4 }, {}],
    ['says more than it has to (B15)', { events: { [logoutEvent]: { more: 1 }, other: {} }, more: 1 }, {}],
    ['names no key while the provider has but one', {}, { kid: undefined }],
  ])('%s', async (_name, claims, header) => {
    await accepts(claims, header)
  })

  test('comes among other fields, which are ignored', async () => {
    provider.user = { sub: 'auth0|other', sid: 'other' }
    const browser = await gateway.login()
    const token = await provider.logoutToken({ sub: 'auth0|other' })
    expect((await gateway.post({ more: '1', logout_token: token })).status).toBe(200)
    expect(await profile(browser)).toBe(401)
  })

  test('has typ JWT or none, where the setting admits that, and still no other kind of token (B16, B17)', async () => {
    await using lenient = await startGateway(provider, { LOGOUT_TOKEN_TYP: 'JWT' })
    await accepts({}, {}, lenient)
    await accepts({}, { typ: 'JWT' }, lenient)
    await accepts({}, { typ: undefined }, lenient)
    provider.user = { sub: 'auth0|user', sid: 'first' }
    const browser = await lenient.login()
    expectRefusal(await lenient.logOut(provider.logoutToken({}, { typ: 'at+jwt' })))
    expectRefusal(await lenient.logOut(provider.logoutToken({}, { typ: ['JWT'] as never })))
    for (const token of provider.issued.filter((issued) => issued.startsWith('ey'))) {
      expectRefusal(await lenient.logOut(token))
    }
    expect(await profile(browser)).toBe(200)
  })
})
