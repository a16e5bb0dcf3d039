import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, audience, type Issuer, startApi, startIssuer } from './support/issuer.ts'

const permissions = ['read:admin-messages']
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

const get = (name: string, authorization: string) =>
  request(api.url).get(`/api/messages/${name}`).set('Authorization', authorization)

const format = 'Authorization header value must follow this format: Bearer access-token'
const noCredentials = {
  status: 401,
  body: { message: 'Requires authentication' },
  challenge: 'Bearer realm="api"',
}
const malformed = {
  status: 400,
  body: { error: 'invalid_request', error_description: format, message: 'Requires authentication' },
  challenge: `Bearer realm="api", error="invalid_request", error_description="${format}"`,
}
const answerOf = ({ status, body, headers }: request.Response) => ({
  status,
  body,
  challenge: headers['www-authenticate'],
})

describe.each(['protected', 'admin'])('the Authorization header at the %s message', (name) => {
  test.each([
    ['no credentials', '', noCredentials],
    ['another scheme', 'Basic eDp5', noCredentials],
    ['a token under another scheme', 'Token TOKEN', noCredentials],
    ['the scheme alone', 'Bearer', malformed],
    ['the scheme and a blank', 'Bearer ', malformed],
    ['one word', 'abc', malformed],
    ['a token alone', 'TOKEN', malformed],
    ['no blank', 'BearerTOKEN', malformed],
    ['a tab for the blank', 'Bearer\tTOKEN', malformed],
    ['three words', 'Bearer a b', malformed],
    ['a word behind the token', 'Bearer TOKEN b', malformed],
    ['two credentials in one', 'Bearer TOKEN, Bearer TOKEN', malformed],
  ])('with %s is refused: %j (J36)', async (_what, header, refused) => {
    const token = await issuer.token({ permissions })
    expect(answerOf(await get(name, header.replaceAll('TOKEN', token)))).toEqual(refused)
  })

  test('that is missing is refused, whatever the address, the body or a cookie holds (J36)', async () => {
    const token = await issuer.token({ permissions })
    const answers = [
      await request(api.url).get(`/api/messages/${name}`),
      await request(api.url).get(`/api/messages/${name}?access_token=${token}`),
      await request(api.url).get(`/api/messages/${name}`).send(`access_token=${token}`),
      await request(api.url).get(`/api/messages/${name}`).set('Cookie', `access_token=${token}`),
    ]
    for (const answer of answers) expect(answerOf(answer)).toEqual(noCredentials)
  })

  test.each([
    ['Bearer TOKEN', 'Bearer TOKEN'],
    ['Bearer TOKEN', 'Basic eDp5'],
    ['Basic eDp5', 'Bearer TOKEN'],
    ['Bearer TOKEN', ''],
  ])('that is there twice, as %j and %j, is refused (J36)', async (...headers) => {
    const token = await issuer.token({ permissions })
    const {
      status,
      headers: answered,
      text,
    } = await api.raw(
      `GET /api/messages/${name} HTTP/1.1`,
      ...headers.map((header) => `Authorization: ${header.replace('TOKEN', token)}`),
    )
    const challenge = answered.get('www-authenticate')
    expect({ status, body: JSON.parse(text), challenge }).toEqual(malformed)
  })

  test.each(['Bearer TOKEN', 'bearer TOKEN', 'BEARER TOKEN', 'Bearer  TOKEN'])(
    'of the form %j is taken (J36)',
    async (header) => {
      const answer = await get(name, header.replace('TOKEN', await issuer.token({ permissions })))
      expect(answer.status).toBe(200)
    },
  )
})

test('a header that has the name of this one for its value counts for nothing (J36)', async () => {
  const authorization = `Authorization: Bearer ${await issuer.token()}`
  const line = 'GET /api/messages/protected HTTP/1.1'
  expect((await api.raw(line, 'X: authorization', authorization)).status).toBe(200)
  expect((await api.raw(line, authorization, 'X: Authorization', 'Y: z')).status).toBe(200)
})

describe('a token is taken', () => {
  test.each<[string, () => Record<string, unknown>, { typ?: string }?]>([
    ['for this API only', () => ({ aud: audience })],
    ['for this API and another', () => ({ aud: [`${issuer.url}userinfo`, audience] })],
    ['of a clock that is three seconds ahead', () => ({ iat: now() + 3, nbf: now() + 3 })],
    ['that expired two seconds ago', () => ({ exp: now() - 2 })],
    ['of 7 kB', () => ({ scope: 'x'.repeat(5000) })],
    ['of the type at+jwt (J28)', () => ({}), { typ: 'at+jwt' }],
    ['of the type application/at+jwt (J28)', () => ({}), { typ: 'application/at+jwt' }],
    ['of the type AT+JWT (J28)', () => ({}), { typ: 'AT+JWT' }],
    ['of the type JWT (J28)', () => ({}), { typ: 'JWT' }],
  ])('%s', async (_what, claims, header) => {
    expect((await get('protected', `Bearer ${await issuer.token(claims(), header)}`)).status).toBe(200)
  })
})

describe('the admin message', () => {
  const forbidden = {
    status: 403,
    body: { message: 'Permission denied' },
    challenge: `Bearer realm="api", error="insufficient_scope", error_description="The access token lacks the permission", scope="read:admin-messages"`,
  }

  test.each([
    { permissions },
    { permissions: ['read:other', ...permissions, ''] },
    { permissions, scope: 'openid' },
  ])('is for %j', async (claims) => {
    expect((await get('admin', `Bearer ${await issuer.token(claims)}`)).status).toBe(200)
  })

  test.each<[string, Record<string, unknown>]>([
    ['no permissions', {}],
    ['none (J32)', { permissions: [] }],
    ['another', { permissions: ['read:messages'] }],
    ['another case (J30)', { permissions: ['Read:Admin-Messages'] }],
    ['a blank behind (J30)', { permissions: ['read:admin-messages '] }],
    ['a part of it (J30)', { permissions: ['read:admin'] }],
    ['more than it (J30)', { permissions: ['xread:admin-messages'] }],
    ['several in one (J30)', { permissions: ['read:messages read:admin-messages'] }],
    ['a list in a list (J30)', { permissions: [permissions] }],
    ['a list with something else in it', { permissions: [...permissions, 5] }],
    ['a list of null (J30)', { permissions: [null] }],
    ['a string (J29)', { permissions: 'read:admin-messages' }],
    ['a string that contains it (J29)', { permissions: 'xread:admin-messages' }],
    ['a number (J30)', { permissions: 5 }],
    ['null (J30)', { permissions: null }],
    ['true (J30)', { permissions: true }],
    ['an object like a list (J30)', { permissions: { 0: 'read:admin-messages', length: 1 } }],
    ['an object (J30)', { permissions: { 'read:admin-messages': true } }],
    ['a scope (J31)', { scope: 'read:admin-messages' }],
    ['a role', { roles: ['admin'], 'https://example.com/permissions': permissions }],
  ])('is not for %s: %j', async (_what, claims) => {
    const answer = await get('admin', `Bearer ${await issuer.token(claims)}`)
    expect(answerOf(answer)).toEqual(forbidden)
    expect((await get('protected', `Bearer ${await issuer.token(claims)}`)).status).toBe(200)
  })

  test('is not for permissions that a token keeps in __proto__ (J27)', async () => {
    const claims = JSON.stringify(issuer.claims()).replace(
      '{',
      '{"__proto__":{"permissions":["read:admin-messages"]},',
    )
    const token = issuer.forge({ alg: 'RS256', typ: 'at+jwt', kid: 'first' }, claims)
    expect(answerOf(await get('admin', `Bearer ${token}`))).toEqual(forbidden)
  })
})
