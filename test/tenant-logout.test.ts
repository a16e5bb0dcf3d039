import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { buildEndSessionUrl } from 'openid-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { embeddedClients } from '../shared/identity-provider.ts'
import { TenantClient } from './support/tenant-client.ts'
import { createTenant, type TenantProgram } from './support/tenant-program.ts'
import { type Page, Visitor } from './support/tenant-visitor.ts'

const { gateway } = embeddedClients

let tenant: TenantProgram
let client: TenantClient
beforeAll(async () => {
  tenant = await createTenant()
  expect(await tenant.start()).toBeUndefined()
  client = await TenantClient.discover(tenant)
})
afterAll(() => tenant.close())

async function loggedIn() {
  const visitor = new Visitor(tenant.issuer)
  return { visitor, tokens: await client.logIn('admin@example.com', visitor) }
}

/** Whether the tenant still lets this browser in without asking. */
const hasSession = async (visitor: Visitor) =>
  (await client.openLogin(visitor, { prompt: 'none' })).location?.searchParams.has('code')

const logoutAddress = (parameters: Readonly<Record<string, string>>) =>
  `/v2/logout?${new URLSearchParams(parameters).toString()}`

describe('/v2/logout', () => {
  test.each([
    ['without final slash', () => tenant.gateway],
    ['with final slash', () => `${tenant.gateway}/`],
  ])('ends the session and returns to the gateway, %s', async (_what, returnTo) => {
    const { visitor, tokens } = await loggedIn()
    expect(await hasSession(visitor)).toBe(true)
    const page = await visitor.open(logoutAddress({ client_id: gateway.id, returnTo: returnTo() }))
    expect(page.status).toBe(302)
    expect(page.headers.get('location')).toBe(returnTo())
    expect(await hasSession(visitor)).toBe(false)
    // As at Auth0: the client revokes its own refresh token.
    expect((await client.refresh(tokens.refresh_token)).access_token).toBeTruthy()
  })

  test.each([
    ['another site', { client_id: gateway.id, returnTo: 'https://evil.example/' }],
    [
      'an address that begins like an allowed one',
      { client_id: gateway.id, returnTo: 'http://localhost.evil.example' },
    ],
    ['a page of the gateway that is not listed', { client_id: gateway.id, returnTo: 'GATEWAY/profile' }],
    ['an unknown client', { client_id: 'nobody', returnTo: 'GATEWAY' }],
    ['no client', { returnTo: 'GATEWAY' }],
  ])('refuses %s and keeps the session', async (_what, parameters) => {
    const { visitor } = await loggedIn()
    const returnTo = parameters.returnTo.replace('GATEWAY', tenant.gateway)
    const page = await visitor.open(logoutAddress({ ...parameters, returnTo }))
    expect(page.status).toBe(400)
    expect(page.location).toBeUndefined()
    expect(page.text).toContain('role="alert"')
    expect(await hasSession(visitor)).toBe(true)
  })

  test('works for a browser that has no session', async () => {
    const page = await new Visitor(tenant.issuer).open(logoutAddress({ client_id: gateway.id }))
    expect(page.location?.href).toBe(`${tenant.gateway}/`)
  })
})

describe('RP-initiated logout', () => {
  const confirm = (visitor: Visitor, page: Page, fields: Readonly<Record<string, string>>) => {
    const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(page.text) ?? []
    return visitor.open('/oidc/logout/confirm', { xsrf, ...fields })
  }

  test('asks, ends the session and returns with the state', async () => {
    const { visitor, tokens } = await loggedIn()
    const url = buildEndSessionUrl(client.oauth, {
      post_logout_redirect_uri: tenant.gateway,
      id_token_hint: tokens.id_token ?? '',
      state: 'bye',
    })
    const page = await visitor.open(url)
    expect(page.text).toContain('<h1>Log out?</h1>')
    const { location } = await confirm(visitor, page, { logout: 'yes' })
    expect(location?.href).toBe(`${tenant.gateway}/?state=bye`)
    expect(await hasSession(visitor)).toBe(false)
  })

  test('needs the form of its own page', async () => {
    const { visitor } = await loggedIn()
    await visitor.open('/oidc/logout')
    const page = await visitor.open('/oidc/logout/confirm', { xsrf: 'guessed', logout: 'yes' })
    expect(page.status).toBe(400)
    expect(await hasSession(visitor)).toBe(true)
  })

  test('ends on a page of its own when no address is given', async () => {
    const { visitor } = await loggedIn()
    const page = await confirm(visitor, await visitor.open('/oidc/logout'), { logout: 'yes' })
    expect(page.text).toContain('<h1>Logged out</h1>')
  })

  test('refuses an address that is not registered', async () => {
    const url = `/oidc/logout?client_id=${gateway.id}&post_logout_redirect_uri=https://evil.example/`
    const page = await new Visitor(tenant.issuer).open(url)
    expect(page.status).toBe(400)
    expect(page.location).toBeUndefined()
  })
})

describe('back-channel logout', () => {
  let receiver: Server | undefined
  afterEach(async () => {
    receiver?.close()
    if (receiver) await once(receiver, 'close')
    receiver = undefined
  })

  /** Stands where the gateway's /backchannel-logout will be; collects what arrives. */
  async function receive(status: number): Promise<string[]> {
    const bodies: string[] = []
    receiver = createServer((req, res) => {
      let body = ''
      req.on('data', (chunk) => {
        body += chunk
      })
      req.on('end', () => {
        bodies.push(`${req.method} ${req.url} ${body}`)
        res.writeHead(status, { connection: 'close' }).end()
      })
    }).listen(Number(new URL(tenant.gateway).port), 'localhost')
    await once(receiver, 'listening')
    return bodies
  }

  const logOut = (visitor: Visitor) => visitor.open(logoutAddress({ client_id: gateway.id }))

  test('tells the gateway which session ended', async () => {
    const bodies = await receive(200)
    const { visitor, tokens } = await loggedIn()
    await logOut(visitor)
    expect(bodies.length).toBe(1)
    const [, token = ''] = /^POST \/backchannel-logout logout_token=(.+)$/.exec(bodies[0] ?? '') ?? []
    const keys = createRemoteJWKSet(new URL(`${tenant.issuer}.well-known/jwks.json`))
    const expected = { issuer: tenant.issuer, audience: gateway.id, typ: 'logout+jwt' }
    const { payload } = await jwtVerify(token, keys, expected)
    expect(payload).toMatchObject({
      sid: tokens.claims()?.sid,
      sub: tokens.claims()?.sub,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    expect(payload.nonce).toBeUndefined()
  })

  test('is told also when somebody else logs in over the session', async () => {
    const bodies = await receive(200)
    const { visitor } = await loggedIn()
    const page = await client.openLogin(visitor, { prompt: 'login' })
    await visitor.submit(page, '/demo', { email: 'user@example.com' })
    expect(bodies.length).toBe(1)
  })

  test.each([
    ['answers 404', () => receive(404)],
    ['is not there', async () => []],
  ])('does no harm when the gateway %s; the log says so', async (_what, prepare) => {
    await prepare()
    const warnings = () =>
      tenant.lines.filter(({ msg }) => msg === 'back-channel logout not delivered').length
    const before = warnings()
    const { visitor } = await loggedIn()
    expect((await logOut(visitor)).status).toBe(302)
    expect(await hasSession(visitor)).toBe(false)
    expect(warnings()).toBe(before + 1)
  })
})
