import { constants, createHmac, createPublicKey, KeyObject, sign } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, encoded, type Issuer, newKey, rs256, startApi, startIssuer } from './support/issuer.ts'

const permissions = ['read:admin-messages']
const head = { alg: 'RS256', typ: 'at+jwt', kid: 'first' }
const now = () => Math.floor(Date.now() / 1000)

let issuer: Issuer
let api: Api
beforeAll(async () => {
  issuer = await startIssuer()
  // The most tolerant key set there is: a single key, good for every algorithm of RSA.
  issuer.keys = issuer.keys.map(({ alg: _alg, ...key }) => key)
  api = await startApi(issuer.url)
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const get = (token: string, name = 'admin') =>
  request(api.url).get(`/api/messages/${name}`).set('Authorization', `Bearer ${token}`)

/** The same answer for each of them: who guesses at tokens learns nothing. */
async function expectRefusal(token: string): Promise<void> {
  const description = 'The access token is expired, revoked, malformed, or not for this API'
  for (const name of ['protected', 'admin']) {
    const { status, body, headers } = await get(token, name)
    expect({ status, body }).toEqual({
      status: 401,
      body: { error: 'invalid_token', error_description: description, message: 'Bad credentials' },
    })
    expect(headers['www-authenticate']).toBe(
      `Bearer realm="api", error="invalid_token", error_description="${description}"`,
    )
  }
}

const claims = (changes: object = {}) => ({ ...issuer.claims(), permissions, ...changes })
const withHeader = (header: object, signature?: (input: Buffer) => Buffer) =>
  issuer.forge({ ...head, ...header }, claims(), signature)

test('a token of this issuer, written byte by byte, is taken', async () => {
  expect((await get(withHeader({}))).status).toBe(200)
})

describe('a header is refused', () => {
  const hmac = (secret: string | Buffer) => (input: Buffer) =>
    createHmac('sha256', secret).update(input).digest()
  const publicKey = () => createPublicKey({ key: { ...issuer.key.jwk }, format: 'jwk' })
  const rsa = (hash: string, padding: number) => (input: Buffer) =>
    sign(hash, input, { key: KeyObject.from(issuer.key.privateKey), padding, saltLength: 32 })

  test.each<[string, () => string | Promise<string>]>([
    ['with alg none and no signature (J01)', () => withHeader({ alg: 'none' }, () => Buffer.alloc(0))],
    ['with alg None (J01)', () => withHeader({ alg: 'None' }, () => Buffer.alloc(0))],
    ['with alg none and a signature (J01)', () => withHeader({ alg: 'none' })],
    ['without alg (J01)', () => withHeader({ alg: undefined })],
    ['with a list of algs (J01)', () => withHeader({ alg: ['RS256'] })],
    [
      'with HS256 and the public key as PEM for its secret (J02)',
      () => withHeader({ alg: 'HS256' }, hmac(publicKey().export({ format: 'pem', type: 'spki' }))),
    ],
    [
      'with HS256 and the modulus for its secret (J02)',
      () => withHeader({ alg: 'HS256' }, hmac(Buffer.from(issuer.key.jwk.n ?? '', 'base64url'))),
    ],
    ['with HS256 and an empty secret (J02)', () => withHeader({ alg: 'HS256' }, hmac(''))],
    [
      'with PS256, rightly signed (J10)',
      () => withHeader({ alg: 'PS256' }, rsa('sha256', constants.RSA_PKCS1_PSS_PADDING)),
    ],
    [
      'with RS512, rightly signed (J10)',
      () => withHeader({ alg: 'RS512' }, rsa('sha512', constants.RSA_PKCS1_PADDING)),
    ],
    ['with crit of something unknown (J07)', () => withHeader({ crit: ['x'], x: 1 })],
    ['with an empty crit (J07)', () => withHeader({ crit: [] })],
    ['with b64: false and crit (J08)', () => withHeader({ b64: false, crit: ['b64'] })],
    [
      'with a payload that is packed (J09)',
      () => issuer.forge({ ...head, zip: 'DEF' }, deflateRawSync(JSON.stringify(claims()))),
    ],
    ['that is no object', () => issuer.forge('[]', claims())],
    ['that is null', () => issuer.forge('null', claims())],
    ['that is no JSON', () => issuer.forge('{"alg":"RS256"', claims())],
  ])('%s', async (_what, token) => {
    await expectRefusal(await token())
  })

  test.each(
    [
      undefined,
      null,
      '',
      'second',
      'FIRST',
      'first\0',
      '../first',
      'first/../first',
      "' OR '1'='1",
      '__proto__',
      'constructor',
      ['first'],
      0,
      1,
      { first: 1 },
    ].map((kid) => [kid]),
  )('with kid %j, although it is rightly signed (J06, J21)', async (kid) => {
    await expectRefusal(withHeader({ kid }))
  })

  test.each(
    [
      undefined,
      null,
      '',
      5,
      ['JWT'],
      {},
      'id+jwt',
      'logout+jwt',
      'secevent+jwt',
      'dpop+jwt',
      'JOSE',
      'at',
    ].map((typ) => [typ]),
  )('with typ %j (J28)', async (typ) => {
    await expectRefusal(withHeader({ typ }))
  })

  test.each(['first', undefined])('that brings its own key, with kid %j (J03, J04, J05)', async (kid) => {
    const mine = await newKey('mine')
    const address = `${issuer.url}mine`
    const certificate = Buffer.from('certificate').toString('base64')
    for (const key of [{ jwk: mine.jwk }, { jku: address }, { x5u: address }, { x5c: [certificate] }]) {
      await expectRefusal(withHeader({ kid, ...key }, rs256(mine.privateKey)))
    }
    expect(issuer.asked).not.toContain('/mine')
  })
})

describe('a claim is refused', () => {
  test.each<[string, () => Record<string, unknown>]>([
    ['aud: missing (J11)', () => ({ aud: undefined })],
    ['aud: empty (J11)', () => ({ aud: '' })],
    ['aud: a part (J11)', () => ({ aud: 'https://hello-world.example' })],
    ['aud: more than it (J11)', () => ({ aud: 'https://hello-world.example.com/' })],
    ['aud: another case (J11)', () => ({ aud: 'https://Hello-World.example.com' })],
    ['aud: an object (J11)', () => ({ aud: { 0: 'https://hello-world.example.com' } })],
    ['aud: a list without us (J11)', () => ({ aud: [`${issuer.url}userinfo`, 'https://other.example'] })],
    ['aud: a list in a list (J11)', () => ({ aud: [['https://hello-world.example.com']] })],
    ['aud: an empty list (J11)', () => ({ aud: [] })],
    ['aud: the client, as in an ID token (J33)', () => ({ aud: 'cloakroom', nonce: 'n' })],
    ['aud: another API (J34)', () => ({ aud: 'https://other.example' })],
    ['iss: missing (J12)', () => ({ iss: undefined })],
    ['iss: without its slash (J12)', () => ({ iss: issuer.url.replace(/\/$/, '') })],
    ['iss: another case (J12)', () => ({ iss: issuer.url.toUpperCase() })],
    ['iss: a list (J12)', () => ({ iss: [issuer.url] })],
    ['iss: another tenant (J34)', () => ({ iss: 'https://other.eu.auth0.com/' })],
    ['exp: missing (J18)', () => ({ exp: undefined })],
    ['exp: a minute ago (J13)', () => ({ exp: now() - 60 })],
    ['exp: seven seconds ago (J13)', () => ({ exp: now() - 7 })],
    ['exp: negative (J13)', () => ({ exp: -1 })],
    ['exp: null (J13)', () => ({ exp: null })],
    ['exp: a string (J13)', () => ({ exp: String(now() + 600) })],
    ['nbf: in a minute (J14)', () => ({ nbf: now() + 60 })],
    ['nbf: a string (J14)', () => ({ nbf: String(now() - 60) })],
    ['iat: in an hour (J20)', () => ({ iat: now() + 3600 })],
    ['iat: in half a minute (J20)', () => ({ iat: now() + 30 })],
    ['iat: a string (J14)', () => ({ iat: String(now()) })],
    ['iat: null (J14)', () => ({ iat: null })],
    ['sub: missing', () => ({ sub: undefined })],
  ])('%s', async (_what, changes) => {
    await expectRefusal(issuer.forge(head, { ...claims(), ...changes() }))
  })
})

describe('a payload is refused', () => {
  test.each<[string, () => string | Buffer]>([
    ['that is a list (J15)', () => JSON.stringify([claims()])],
    ['that is null (J15)', () => 'null'],
    ['that is a string (J15)', () => JSON.stringify(JSON.stringify(claims()))],
    ['that is no JSON (J15)', () => JSON.stringify(claims()).slice(0, -1)],
    ['that is empty (J15)', () => ''],
    ['that is no UTF-8 (J15)', () => Buffer.from(JSON.stringify(claims({ sub: 'é' })), 'latin1')],
  ])('%s', async (_what, payload) => {
    await expectRefusal(issuer.forge(head, payload()))
  })

  test.each<[string, (header: string, payload: string, signature: string) => string]>([
    ['cut in two (J16)', (header, payload) => `${header}.${payload}`],
    ['cut in four (J16)', (header, payload, signature) => `${header}.${payload}.${signature}.`],
    [
      'cut in five, as if encrypted (J16)',
      (header, payload, signature) => `${header}.${payload}.${signature}.x.x`,
    ],
    ['with an empty signature (J16)', (header, payload) => `${header}.${payload}.`],
    [
      'with half a signature (J16)',
      (header, payload, signature) => `${header}.${payload}.${signature.slice(0, 171)}`,
    ],
    [
      'in standard base64 (J16)',
      (header, payload, signature) =>
        `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}`,
    ],
    ['with empty parts (J16)', () => '..'],
    ['of three words (J16)', () => 'a.b.c'],
    ['of one word (J16)', () => 'abc'],
    [
      'that was changed after it was signed (J17)',
      (header, _payload, signature) => `${header}.${encoded(claims({ sub: 'admin' }))}.${signature}`,
    ],
  ])('%s', async (_what, change) => {
    const [header = '', payload = '', signature = ''] = withHeader({}).split('.')
    await expectRefusal(change(header, payload, signature))
  })

  test('that another key signed under the name of this one', async () => {
    const other = await newKey('first')
    await expectRefusal(await issuer.token({ permissions }, {}, other))
  })
})

describe('the reason of a refusal', () => {
  test('is in the log, and the token is not (J37, I01)', async () => {
    const token = issuer.forge(head, claims({ exp: now() - 60 }))
    const answer = await get(token)
    const requestId = answer.headers['x-request-id']
    const line = await api.program.line((one) => one.requestId === requestId && one.status === 401)
    expect(line).toMatchObject({ msg: 'request refused', reason: expect.stringContaining('"exp" claim') })
    for (const part of token.split('.')) expect(api.program.output).not.toContain(part)
  })
})
