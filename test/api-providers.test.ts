import { parseEnv } from 'node:util'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig as loadApiConfig } from '../api/config.ts'
import { loadConfig as loadGatewayConfig } from '../bff/config.ts'
import { shellBlocks } from './support/command.ts'
import { type Api, audience, type Issuer, startApi, startIssuer } from './support/issuer.ts'
import type { Environment } from './support/program.ts'
import {
  entra,
  keycloak,
  okta,
  oktaGroups,
  type ProviderTokens,
  type Token,
} from './support/provider-tokens.ts'
import { auth0, auth0Rfc9068, auth0WithoutRbac } from './support/provider-tokens-auth0.ts'

const permissions = ['read:admin-messages']
/** As they stand in the document. */
const [ofKeycloak, ofEntra, ofOkta, ofOktaGroups] = shellBlocks('docs/providers.md').map(
  (block) => parseEnv(block) as Environment,
)
const auth0Settings: Environment = { AUTH0_AUDIENCE: audience }

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer[Symbol.asyncDispose]())

/** The API with those settings, but of our issuer. */
const startApiWith = (settings: Environment = {}) =>
  startApi(issuer.url, { ...settings, ISSUER_URL: issuer.url })
const audienceOf = (settings: Environment = {}) => settings.AUTH0_AUDIENCE ?? ''

async function answers(api: Api, { header, claims }: Token): Promise<{ protected: number; admin: number }> {
  const value = issuer.forge(header, claims)
  issuer.needles.push({ kind: 'access_token', value })
  const get = (name: string) => request(api.url).get(`/api/messages/${name}`).auth(value, { type: 'bearer' })
  return { protected: (await get('protected')).status, admin: (await get('admin')).status }
}

describe.each<[string, Environment | undefined, ProviderTokens]>([
  ['Auth0', auth0Settings, auth0],
  ['Auth0 with the profile of RFC 9068', auth0Settings, auth0Rfc9068],
  ['Keycloak', ofKeycloak, keycloak],
  ['Entra ID', ofEntra, entra],
  ['Okta', ofOkta, okta],
  ['Okta with a groups claim', { ...ofOkta, ...ofOktaGroups }, oktaGroups],
])('with the tokens of %s and the settings for it', (_name, settings = {}, tokens) => {
  let api: Api
  beforeAll(async () => {
    api = await startApiWith(settings)
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const parties = (granted: readonly string[]) => ({
    issuer: issuer.url,
    audience: audienceOf(settings),
    permissions: granted,
  })

  test('gateway and API take the settings', () => {
    expect(loadApiConfig(settings).audience).toBe(settings.AUTH0_AUDIENCE)
    expect(loadGatewayConfig(settings).provider.audience).toBe(settings.AUTH0_AUDIENCE)
  })

  test('a user who may read admin messages reads them, and another does not', async () => {
    expect(await answers(api, tokens.user(parties(permissions)))).toEqual({ protected: 200, admin: 200 })
    expect(await answers(api, tokens.user(parties([])))).toEqual({ protected: 200, admin: 403 })
  })

  // Services are in no group.
  const ofServices = tokens === oktaGroups ? 403 : 200
  test(`a service that has the permission gets ${ofServices}, and another 403`, async () => {
    const service = tokens.service(parties(permissions))
    expect(await answers(api, service)).toEqual({ protected: 200, admin: ofServices })
    expect(await answers(api, tokens.service(parties([])))).toEqual({ protected: 200, admin: 403 })
  })

  test('the ID token of who may read them is no access token (J33)', async () => {
    expect(await answers(api, tokens.idToken(parties(permissions)))).toEqual({ protected: 401, admin: 401 })
  })
})

describe('a token of Auth0 without RBAC', () => {
  const parties = () => ({ issuer: issuer.url, audience, permissions })

  test('grants nothing by its scope (J31), unless PERMISSIONS_CLAIM says so', async () => {
    const service = auth0WithoutRbac.service(parties())
    await using strict = await startApiWith(auth0Settings)
    expect(await answers(strict, service)).toEqual({ protected: 200, admin: 403 })
    await using byScope = await startApiWith({ ...auth0Settings, PERMISSIONS_CLAIM: 'scope' })
    expect(await answers(byScope, service)).toEqual({ protected: 200, admin: 200 })
    expect(await answers(byScope, auth0WithoutRbac.user(parties()))).toEqual({ protected: 200, admin: 403 })
  })
})

describe('a token of Keycloak', () => {
  const user = () => keycloak.user({ issuer: issuer.url, audience: audienceOf(ofKeycloak), permissions })

  test('is refused without the audience mapper (J11)', async () => {
    await using api = await startApiWith(ofKeycloak)
    const { header, claims } = user()
    expect(await answers(api, { header, claims: { ...claims, aud: 'account' } })).toMatchObject({
      admin: 401,
    })
    expect(await answers(api, { header, claims: { ...claims, aud: undefined } })).toMatchObject({
      admin: 401,
    })
  })

  test('grants by the roles of the realm, if PERMISSIONS_CLAIM says so, and not by those of a client', async () => {
    await using api = await startApiWith({ ...ofKeycloak, PERMISSIONS_CLAIM: 'realm_access.roles' })
    const { header, claims } = user()
    expect(await answers(api, { header, claims })).toMatchObject({ admin: 403 })
    const realm = { ...claims, realm_access: { roles: ['offline_access', ...permissions] } }
    expect(await answers(api, { header, claims: realm })).toMatchObject({ admin: 200 })
  })

  test('has to be all of RFC 9068, where the type at+jwt is asked for (J28)', async () => {
    await using api = await startApiWith({ ...ofKeycloak, ACCESS_TOKEN_TYP: 'at+jwt' })
    const { header, claims } = user()
    const typed = { ...header, typ: 'at+jwt' }
    const mapped = { ...claims, client_id: 'cloakroom' }
    expect(await answers(api, { header: typed, claims: mapped })).toMatchObject({ admin: 200 })
    expect(await answers(api, { header: typed, claims })).toMatchObject({ admin: 401 })
    expect(await answers(api, { header, claims: mapped })).toMatchObject({ admin: 401 })
  })
})

describe('a token of Entra ID', () => {
  const user = () => entra.user({ issuer: issuer.url, audience: audienceOf(ofEntra), permissions })

  test('of version 1 is refused (J12)', async () => {
    await using api = await startApiWith(ofEntra)
    const { header, claims } = user()
    const iss = 'https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/'
    expect(await answers(api, { header, claims: { ...claims, iss, ver: '1.0' } })).toMatchObject({
      admin: 401,
    })
  })

  test('that lives longer than a day is refused (J19)', async () => {
    await using api = await startApiWith(ofEntra)
    const { header, claims } = user()
    const living = (hours: number) => ({ ...claims, exp: Number(claims.iat) + hours * 3600 })
    expect(await answers(api, { header, claims: living(24) })).toMatchObject({ admin: 200 })
    expect(await answers(api, { header, claims: living(28) })).toMatchObject({ admin: 401 })
  })
})

test('a token of Okta is refused where a type is asked for (J28)', async () => {
  await using api = await startApiWith({ ...ofOkta, ACCESS_TOKEN_TYP: 'JWT' })
  const service = okta.service({ issuer: issuer.url, audience: audienceOf(ofOkta), permissions })
  expect(await answers(api, service)).toEqual({ protected: 401, admin: 401 })
})
