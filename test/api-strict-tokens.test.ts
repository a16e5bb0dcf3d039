import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseStrictly } from '../api/strict-json.ts'
import { type Api, type Issuer, startApi, startIssuer } from './support/issuer.ts'

const head = { alg: 'RS256', typ: 'at+jwt', kid: 'first' }
const now = () => Math.floor(Date.now() / 1000)

let issuer: Issuer
let api: Api
beforeAll(async () => {
  issuer = await startIssuer()
  api = await startApi(issuer.url)
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

/** The status, and why, as the log has it. */
async function judge(token: string, on = api): Promise<[status: number, reason?: unknown]> {
  const answer = await request(on.url).get('/api/messages/protected').set('Authorization', `Bearer ${token}`)
  if (answer.status === 200) return [200]
  const requestId = answer.headers['x-request-id']
  const { reason } = await on.program.line((line) => line.requestId === requestId && 'reason' in line)
  return [answer.status, reason]
}

const claims = (changes: object = {}) => ({ ...issuer.claims(), ...changes })
/** As text, with something changed that no object could say. */
const text = (part: object, find: string | RegExp, replace: string) => {
  const changed = JSON.stringify(part).replace(find, replace)
  expect(changed).not.toBe(JSON.stringify(part))
  return changed
}

describe('a token that is rightly signed is refused', () => {
  const twice = 'A member is there twice'
  const audience = '"aud":"https://hello-world.example.com"'

  test.each<[string, () => string, string]>([
    ['with alg twice (J22)', () => issuer.forge(text(head, '"alg"', '"alg":"none","alg"'), claims()), twice],
    [
      'with kid twice, in other letters (J22)',
      () => issuer.forge(text(head, '"kid"', '"\\u006bid":"first","kid"'), claims()),
      twice,
    ],
    [
      'with aud twice (J22)',
      () => issuer.forge(head, text(claims(), audience, `"aud":"x",${audience}`)),
      twice,
    ],
    [
      'with aud twice and the same (J22)',
      () => issuer.forge(head, text(claims(), audience, `${audience},${audience}`)),
      twice,
    ],
    [
      'with a member twice in an object in it (J22)',
      () => issuer.forge(head, text(claims({ act: { sub: 'a' } }), '"sub":"a"', '"sub":"a","sub":"b"')),
      twice,
    ],
    [
      'with a byte order mark in its claims (J23)',
      () => issuer.forge(head, `\uFEFF${JSON.stringify(claims())}`),
      'It is no JSON in UTF-8',
    ],
    [
      'with a byte order mark in its header (J23)',
      () => issuer.forge(`\uFEFF${JSON.stringify(head)}`, claims()),
      'It is no JSON in UTF-8',
    ],
    [
      'with b64: false and no crit (J24)',
      () => issuer.forge({ ...head, b64: false }, claims()),
      'Missing, malformed or forbidden: b64',
    ],
    [
      'with b64: true (J24)',
      () => issuer.forge({ ...head, b64: true }, claims()),
      'Missing, malformed or forbidden: b64',
    ],
    [
      'with zip (J09)',
      () => issuer.forge({ ...head, zip: 'DEF' }, claims()),
      'Missing, malformed or forbidden: zip',
    ],
    [
      'with a header of more than a kilobyte (J26)',
      () => issuer.forge({ ...head, x5t: 'x'.repeat(1000) }, claims()),
      'It has more than 1024 bytes',
    ],
    [
      'with more than 8 kB (J26)',
      () => issuer.forge(head, claims({ scope: 'x'.repeat(5800) })),
      'It has more than 8192 characters',
    ],
    [
      'that says not when it was issued (J20)',
      () => issuer.forge(head, claims({ iat: undefined })),
      'Missing, malformed or forbidden: iat',
    ],
    [
      'with an empty sub',
      () => issuer.forge(head, claims({ sub: '' })),
      'Missing, malformed or forbidden: sub',
    ],
    [
      'that is good for a day and a second (J19)',
      () => issuer.forge(head, claims({ exp: now() + 86_401 })),
      '"exp" is more than 86400 seconds after "iat"',
    ],
    [
      'with its end in milliseconds (J19)',
      () => issuer.forge(head, claims({ exp: now() * 1000 })),
      '"exp" is more than 86400 seconds after "iat"',
    ],
    [
      'with an end beyond all numbers of seconds (J19)',
      () => issuer.forge(head, claims({ exp: 1e300 })),
      '"exp" is more than 86400 seconds after "iat"',
    ],
    [
      'with an end beyond all numbers (J19)',
      () => issuer.forge(head, text(claims(), /"exp":\d+/, '"exp":1e999')),
      'Missing, malformed or forbidden: exp',
    ],
  ])('%s', async (_what, token, reason) => {
    expect(await judge(token())).toEqual([401, reason])
  })

  test('with a last letter whose idle bits are set: one token, one spelling (J25)', async () => {
    const token = await issuer.token()
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = letters.indexOf(token.at(-1) ?? '')
    const other = `${token.slice(0, -1)}${letters[last ^ 1]}`
    expect(Buffer.from(other.split('.')[2] ?? '', 'base64url')).toEqual(
      Buffer.from(token.split('.')[2] ?? '', 'base64url'),
    )
    expect(await judge(other)).toEqual([401, 'A part is not base64url'])
    expect(await judge(token)).toEqual([200])
    expect(await judge(other)).toEqual([401, 'A part is not base64url'])
  })

  test('after it was sent with 3,000 levels of lists in it, and was looked at like any other (J26)', async () => {
    const deep = '['.repeat(2800) + ']'.repeat(2800)
    expect(await judge(issuer.forge(head, text(claims({ deep: 0 }), '"deep":0', `"deep":${deep}`)))).toEqual([
      200,
    ])
  })
})

test('a token that is good for a day is taken (J19)', async () => {
  const iat = now()
  expect(await judge(await issuer.token({ iat, exp: iat + 86_400 }))).toEqual([200])
})

describe('JSON is read strictly', () => {
  const parse = (value: string) => parseStrictly(Buffer.from(value))

  test.each([
    '{}',
    '[]',
    'null',
    '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}',
    '{"a":"\\"b\\":","b":"{\\"a\\":1}"}',
    '{"a\\":":1,"b" : 2}',
    '{"\\\\":1,"\\\\\\\\":2}',
    '{"__proto__":{"a":1},"a":1}',
    '[{"a":1},{"a":1}]',
  ])('%s is what it says', (value) => {
    expect(parse(value)).toEqual(JSON.parse(value))
  })

  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '{"a":{"b":1,"b":2}}',
    '[[{"b":1,"b":2}]]',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
    '{"a" :1, "b": "\\"a\\":", "a":2}',
  ])('%s has a member twice', (value) => {
    expect(() => parse(value)).toThrow('twice')
  })

  test('what is no UTF-8 is nothing', () => {
    expect(() => parseStrictly(Buffer.from([0x22, 0xff, 0x22]))).toThrow(TypeError)
  })
})

describe('ACCESS_TOKEN_TYP', () => {
  const profile = { client_id: 'cloakroom', jti: 'jti' }

  test('at+jwt takes tokens of RFC 9068 and no others (J28)', async () => {
    await using strict = await startApi(issuer.url, { ACCESS_TOKEN_TYP: 'at+jwt' })
    const ask = (header: object, changes: object = {}) =>
      judge(issuer.forge({ ...head, ...header }, claims({ ...profile, ...changes })), strict)
    expect(await ask({})).toEqual([200])
    expect(await ask({ typ: 'application/at+jwt' })).toEqual([200])
    expect(await ask({ typ: 'JWT' })).toEqual([401, '"typ" is another'])
    expect(await ask({ typ: undefined })).toEqual([401, '"typ" is another'])
    for (const name of ['client_id', 'jti', 'sub', 'iat', 'exp']) {
      const reason = `Missing, malformed or forbidden: ${name}`
      expect(await ask({}, { [name]: undefined })).toEqual([
        401,
        name === 'exp' ? expect.stringContaining('exp') : reason,
      ])
      expect((await ask({}, { [name]: '' }))[0]).toBe(401)
    }
  })

  test('none takes tokens without a type as well, and still none of another kind (J28)', async () => {
    await using lenient = await startApi(issuer.url, { ACCESS_TOKEN_TYP: 'none' })
    const ask = (typ: unknown) => judge(issuer.forge({ ...head, typ }, claims()), lenient)
    for (const typ of [undefined, 'JWT', 'at+jwt']) expect(await ask(typ)).toEqual([200])
    for (const typ of ['logout+jwt', 'id+jwt', '']) expect(await ask(typ)).toEqual([401, '"typ" is another'])
    for (const typ of [null, ['JWT'], 5]) expect((await ask(typ))[0]).toBe(401)
  })
})
