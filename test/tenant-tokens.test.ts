import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import * as oauth from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { embeddedClients } from '../shared/identity-provider.ts'
import { audience, TenantClient } from './support/tenant-client.ts'
import { createTenant, type TenantProgram } from './support/tenant-program.ts'
import { Visitor } from './support/tenant-visitor.ts'

const { gateway, service } = embeddedClients

let tenant: TenantProgram
let client: TenantClient
beforeAll(async () => {
  tenant = await createTenant({ TENANT_ACCESS_TOKEN_SECONDS: '7' })
  expect(await tenant.start()).toBeUndefined()
  client = await TenantClient.discover(tenant)
})
afterAll(() => tenant.close())

const form = (fields: Readonly<Record<string, string>>) => ({ body: new URLSearchParams(fields) })
const json = (fields: object) => ({
  body: JSON.stringify(fields),
  headers: { 'content-type': 'application/json' },
})
const post = (path: string, init: RequestInit) => fetch(tenant.issuer + path, { method: 'POST', ...init })

describe('discovery', () => {
  test('names the addresses of an Auth0 tenant and the issuer with its final slash', () => {
    const { issuer } = tenant
    expect(client.oauth.serverMetadata()).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}authorize`,
      token_endpoint: `${issuer}oauth/token`,
      userinfo_endpoint: `${issuer}userinfo`,
      jwks_uri: `${issuer}.well-known/jwks.json`,
      revocation_endpoint: `${issuer}oauth/revoke`,
      end_session_endpoint: `${issuer}oidc/logout`,
      pushed_authorization_request_endpoint: `${issuer}oauth/par`,
      code_challenge_methods_supported: ['S256'],
      backchannel_logout_supported: true,
    })
  })

  test('publishes public keys only', async () => {
    const { keys } = (await (await fetch(`${tenant.issuer}.well-known/jwks.json`)).json()) as {
      keys: object[]
    }
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'e', 'kid', 'kty', 'n', 'use']])
  })
})

describe("a user's tokens", () => {
  test('are an access token for the API and /userinfo, and an ID token with the profile', async () => {
    const tokens = await client.logIn('admin@example.com')
    const { issuer } = tenant
    const keys = createRemoteJWKSet(new URL(`${issuer}.well-known/jwks.json`))
    const access = await jwtVerify(tokens.access_token, keys, { issuer, audience, typ: 'at+jwt' })
    expect(access.protectedHeader.alg).toBe('RS256')
    expect(access.payload).toEqual({
      iss: issuer,
      sub: expect.stringMatching(/^auth0\|[0-9a-f]{24}$/),
      aud: [audience, `${issuer}userinfo`],
      azp: gateway.id,
      client_id: gateway.id,
      scope: 'openid profile email offline_access',
      permissions: ['read:admin-messages'],
      iat: expect.any(Number),
      exp: (access.payload.iat ?? 0) + 7,
      jti: expect.any(String),
    })
    expect(tokens.expires_in).toBe(7)

    const identity = await jwtVerify(tokens.id_token ?? '', keys, { issuer, audience: gateway.id })
    expect(identity.payload).toMatchObject({
      sub: access.payload.sub,
      nickname: 'admin',
      name: 'admin@example.com',
      picture: `${issuer}avatars/a.svg`,
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      email: 'admin@example.com',
      email_verified: true,
      sid: expect.any(String),
      nonce: 'xyz',
    })
  })

  test('come with a picture that other sites may show', async () => {
    const response = await fetch(`${tenant.issuer}avatars/a.svg`)
    expect(response.headers.get('content-type')).toContain('image/svg+xml')
    expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect((await fetch(`${tenant.issuer}avatars/..%2f.svg`)).status).toBe(404)
  })

  test('hold no refresh token without offline_access', async () => {
    const tokens = await client.logIn('user@example.com', undefined, { scope: 'openid' })
    expect(tokens.refresh_token).toBeUndefined()
    expect(Object.keys(tokens.claims() ?? {})).not.toContain('email')
  })

  test('open /userinfo, with and without the audience of the API', async () => {
    for (const changes of [{}, { audience: undefined }]) {
      const tokens = await client.logIn('user@example.com', undefined, changes)
      const sub = tokens.claims()?.sub ?? ''
      expect(await oauth.fetchUserInfo(client.oauth, tokens.access_token, sub)).toMatchObject({
        sub,
        email: 'user@example.com',
        nickname: 'user',
      })
    }
  })

  test.each([
    ['a foreign signature', (token: string) => `${token.slice(0, -8)}AAAAAAAA`],
    ['no signature', () => 'eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30.x'],
    ['an opaque token nobody issued', () => 'nothing'],
  ])('do not open /userinfo with %s', async (_what, change) => {
    const { access_token: token } = await client.logIn('user@example.com')
    const response = await fetch(`${tenant.issuer}userinfo`, {
      headers: { authorization: `Bearer ${change(token)}` },
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('invalid_token')
    expect(await response.json()).toMatchObject({ error: 'invalid_token' })
  })
})

describe('the authorization code', () => {
  const verifier = oauth.randomPKCECodeVerifier()
  const redeem = async (changes: Readonly<Record<string, string>>) => {
    const visitor = new Visitor(tenant.issuer)
    const page = await client.openLogin(visitor, {
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    })
    const { location } = await visitor.submit(page, '/demo', { email: 'user@example.com' })
    const fields = {
      grant_type: 'authorization_code',
      code: location?.searchParams.get('code') ?? '',
      code_verifier: verifier,
      redirect_uri: `${tenant.gateway}/callback`,
      client_id: gateway.id,
      client_secret: gateway.secret,
      ...changes,
    }
    return { fields, response: await post('oauth/token', form(fields)) }
  }

  test.each([
    ['another verifier', { code_verifier: 'a'.repeat(43) }, 400, 'invalid_grant'],
    ['no verifier', { code_verifier: '' }, 400, 'invalid_grant'],
    ['another address', { redirect_uri: 'http://localhost:1/callback' }, 400, 'invalid_grant'],
    ['another secret', { client_secret: 'wrong' }, 401, 'invalid_client'],
  ])('is worthless with %s', async (_what, changes, status, error) => {
    const { response } = await redeem(changes)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error })
  })

  test('used twice ends what it brought', async () => {
    const { fields, response } = await redeem({})
    const { refresh_token: token } = (await response.json()) as { refresh_token: string }
    expect((await post('oauth/token', form(fields))).status).toBe(400)
    await expect(client.refresh(token)).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})

describe('refresh tokens', () => {
  test('rotate: each refresh brings a new one', async () => {
    const first = await client.logIn('admin@example.com')
    const second = await client.refresh(first.refresh_token)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(decodeJwt(second.access_token)).toMatchObject({ aud: [audience, `${tenant.issuer}userinfo`] })
    expect(decodeJwt(second.access_token).permissions).toEqual(['read:admin-messages'])
    expect((await client.refresh(second.refresh_token)).refresh_token).toBeTruthy()
  })

  test('used again end the whole family, and no other login of the user', async () => {
    const visitor = new Visitor(tenant.issuer)
    const first = await client.logIn('admin@example.com', visitor)
    const other = await client.exchange(await client.openLogin(visitor))
    const second = await client.refresh(first.refresh_token)
    await expect(client.refresh(first.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    await expect(client.refresh(second.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await client.refresh(other.refresh_token)).access_token).toBeTruthy()
  })

  test('used many times at once bring at most one answer', async () => {
    const { refresh_token: token } = await client.logIn('user@example.com')
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => client.refresh(token)))
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1)
  })

  test('are worthless once revoked, by form or by JSON', async () => {
    for (const body of [form, json]) {
      const { refresh_token: token = '' } = await client.logIn('user@example.com')
      const credentials = { client_id: gateway.id, client_secret: gateway.secret }
      expect((await post('oauth/revoke', body({ token, ...credentials }))).status).toBe(200)
      await expect(client.refresh(token)).rejects.toMatchObject({ error: 'invalid_grant' })
    }
  })
})

describe('client_credentials', () => {
  const fields = { grant_type: 'client_credentials', audience }
  const credentials = { client_id: service.id, client_secret: service.secret }
  const basic = `Basic ${Buffer.from(`${service.id}:${service.secret}`).toString('base64')}`

  test.each([
    ['a form', () => form({ ...fields, ...credentials })],
    ['JSON', () => json({ ...fields, ...credentials })],
    ['Basic authentication', () => ({ ...form(fields), headers: { authorization: basic } })],
  ])('bring the service its own token, asked for by %s', async (_what, init) => {
    const response = await post('oauth/token', init())
    expect(response.headers.get('cache-control')).toBe('no-store')
    const { access_token: token, refresh_token: refresh } = (await response.json()) as Record<string, string>
    expect(refresh).toBeUndefined()
    expect(decodeJwt(token ?? '')).toMatchObject({
      iss: tenant.issuer,
      aud: audience,
      sub: `${service.id}@clients`,
      azp: service.id,
      gty: 'client-credentials',
      permissions: ['read:admin-messages'],
    })
  })

  test.each([
    ['a wrong secret', { ...credentials, client_secret: 'wrong' }, 401, 'invalid_client'],
    ['another audience', { ...credentials, audience: 'https://other' }, 400, 'access_denied'],
    ['no audience', { ...credentials, audience: '' }, 400, 'access_denied'],
    ['the gateway', { client_id: gateway.id, client_secret: gateway.secret }, 400, 'invalid_request'],
  ])('are refused with %s', async (_what, changes, status, error) => {
    const response = await post('oauth/token', json({ ...fields, ...changes }))
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error })
  })

  test('answer a body that is no JSON with 400', async () => {
    const response = await post('oauth/token', { ...json({}), body: '{' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'invalid_request' })
  })
})

describe('what is written down', () => {
  const ledger = () =>
    readFileSync(join(tenant.dataDir, 'ledger.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; value: string })

  test('the ledger has every kind of secret and is for its owner only', async () => {
    const tokens = await client.logIn('user@example.com')
    const kinds = new Set(ledger().map(({ kind }) => kind))
    const all = ['access_token', 'client_secret', 'code', 'code_verifier', 'id_token', 'refresh_token']
    expect([...kinds].sort()).toEqual(all)
    const values = ledger().map(({ value }) => value)
    for (const value of [tokens.access_token, tokens.refresh_token, tokens.id_token, service.secret]) {
      expect(values).toContain(value)
    }
    for (const file of ['ledger.jsonl', 'tenant.db', 'tenant.db-wal']) {
      expect(statSync(join(tenant.dataDir, file)).mode & 0o777, file).toBe(0o600)
    }
  })

  test('the log has a line for each grant and none of the secrets', () => {
    const grants = tenant.lines.filter(({ msg }) => msg === 'grant')
    expect(grants).toContainEqual(
      expect.objectContaining({ grant: 'refresh_token', client: gateway.id, user: 'admin@example.com' }),
    )
    expect(grants).toContainEqual(
      expect.objectContaining({ grant: 'client_credentials', client: service.id }),
    )
    const needles = new Set(ledger().map(({ value }) => value))
    expect(needles.size).toBeGreaterThan(50)
    for (const needle of needles) if (needle.length > 8) expect(tenant.output).not.toContain(needle)
    expect(tenant.errors).toBe('')
  })

  test('the database has no token that could be used', () => {
    const files = ['tenant.db', 'tenant.db-wal'].map((file) =>
      readFileSync(join(tenant.dataDir, file), 'latin1'),
    )
    const tokens = ledger().filter(({ kind }) => /^(access_token|refresh_token|id_token|code)$/.test(kind))
    for (const { value } of tokens) for (const file of files) expect(file.includes(value)).toBe(false)
  })
})
