import { decodeJwt } from 'jose'
import { buildAuthorizationUrlWithPAR } from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { audience, password, TenantClient } from './support/tenant-client.ts'
import { createTenant, type TenantProgram } from './support/tenant-program.ts'
import { Visitor } from './support/tenant-visitor.ts'

let tenant: TenantProgram
let client: TenantClient
beforeAll(async () => {
  tenant = await createTenant()
  expect(await tenant.start()).toBeUndefined()
  client = await TenantClient.discover(tenant)
})
afterAll(() => tenant.close())

const newVisitor = () => new Visitor(tenant.issuer)
const permissionsIn = (token: string) => decodeJwt(token).permissions

describe('the login page', () => {
  test('lets an administrator in with the permission of the role', async () => {
    const tokens = await client.logIn('admin@example.com')
    expect(tokens.claims()?.email).toBe('admin@example.com')
    expect(permissionsIn(tokens.access_token)).toEqual(['read:admin-messages'])
  })

  test('lets a user in without a permission, whatever the case of the e-mail address', async () => {
    const tokens = await client.logIn(' User@Example.com ')
    expect(tokens.claims()?.email).toBe('user@example.com')
    expect(permissionsIn(tokens.access_token)).toEqual([])
  })

  test('lists both demo users and their password, and lets them in by one click', async () => {
    const visitor = newVisitor()
    const page = await client.openLogin(visitor)
    expect(page.text).toContain('Passw0rd!')
    for (const email of ['admin@example.com', 'user@example.com'])
      expect(page.text).toContain(`value="${email}"`)
    const tokens = await client.exchange(await visitor.submit(page, '/demo', { email: 'admin@example.com' }))
    expect(tokens.claims()?.name).toBe('admin@example.com')
  })

  test('lets nobody but a demo user in without a password', async () => {
    const visitor = newVisitor()
    const form = { email: 'own@example.com', password: 'long enough' }
    await visitor.submit(await client.openLogin(visitor), '/sign-up', form)
    const other = newVisitor()
    const answer = await other.submit(await client.openLogin(other), '/demo', { email: form.email })
    expect(answer.status).toBe(400)
    expect(answer.location).toBeUndefined()
  })

  test.each([
    ['a wrong password', 'admin@example.com', 'wrong'],
    ['an unknown e-mail address', 'nobody@example.com', password],
    ['nothing', '', ''],
  ])(
    'shows itself again on %s, keeps the e-mail address and says what is wrong',
    async (_what, email, wrong) => {
      const visitor = newVisitor()
      const page = await visitor.submit(await client.openLogin(visitor), '', { email, password: wrong })
      expect(page.status).toBe(401)
      expect(page.text).toMatch(/role="alert"[^>]*>Wrong e-mail address or password/)
      expect(page.text).toContain(`value="${email}"`)
      expect(page.text).not.toContain('value="wrong"')
      const tokens = await client.exchange(
        await visitor.submit(page, '', { email: 'user@example.com', password }),
      )
      expect(tokens.claims()?.email).toBe('user@example.com')
    },
  )

  test('shows what was typed as text, never as markup', async () => {
    const visitor = newVisitor()
    const email = '"><script>alert(1)</script>'
    const page = await visitor.submit(await client.openLogin(visitor), '', { email, password })
    expect(page.text).not.toContain('<script')
  })

  test('runs no script, is not framed and may post to the gateway', async () => {
    const { headers } = await client.openLogin(newVisitor())
    const policy = headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toMatch(/script-src(;|$)/)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain(`form-action 'self' ${tenant.gateway}`)
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('is not for a browser that did not begin this login', async () => {
    const page = await client.openLogin(newVisitor())
    const answer = await newVisitor().submit(page, '', { email: 'admin@example.com', password })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('This login has ended')
  })

  test('ends with access_denied when the visitor cancels', async () => {
    const visitor = newVisitor()
    const { location } = await visitor.submit(await client.openLogin(visitor), '/cancel', {})
    expect(location?.origin).toBe(tenant.gateway)
    expect(Object.fromEntries(location?.searchParams ?? [])).toMatchObject({
      error: 'access_denied',
      error_description: 'User did not authorize the request',
      state: 'abc',
    })
  })
})

describe('signing up', () => {
  test('opens with screen_hint=signup and lets the new user in without a role', async () => {
    const visitor = newVisitor()
    const page = await client.openLogin(visitor, { screen_hint: 'signup' })
    expect(page.text).toContain('<h1>Sign up</h1>')
    const form = { email: 'New@example.com', password: 'long enough' }
    const tokens = await client.exchange(await visitor.submit(page, '/sign-up', form))
    expect(tokens.claims()).toMatchObject({
      email: 'new@example.com',
      nickname: 'new',
      email_verified: false,
    })
    expect(permissionsIn(tokens.access_token)).toEqual([])

    const later = newVisitor()
    const again = await later.submit(await client.openLogin(later), '', form)
    expect((await client.exchange(again)).claims()?.sub).toBe(tokens.claims()?.sub)
  })

  test.each([
    ['a taken e-mail address', 'Admin@example.com', 'long enough', 'There is an account'],
    ['no e-mail address', 'somebody', 'long enough', 'Enter an e-mail address'],
    ['a short password', 'fresh@example.com', '1234567', 'at least 8 characters'],
    ['a password without end', 'fresh@example.com', 'a'.repeat(257), 'at most 256 characters'],
  ])('with %s is refused; what was typed is kept', async (_what, email, chosen, problem) => {
    const visitor = newVisitor()
    const page = await client.openLogin(visitor, { screen_hint: 'signup' })
    const answer = await visitor.submit(page, '/sign-up', { email, password: chosen })
    expect(answer.status).toBe(400)
    expect(answer.text).toMatch(new RegExp(`role="alert"[^>]*>[^<]*${problem}`))
    expect(answer.text).toContain(`value="${email}"`)
    expect(answer.text).not.toContain(chosen)
    expect(answer.text).not.toContain('undefined')
    expect(answer.location).toBeUndefined()
  })
})

describe('/authorize', () => {
  test('asks nothing while the session at the tenant lasts', async () => {
    const visitor = newVisitor()
    const first = await client.logIn('admin@example.com', visitor)
    const second = await client.exchange(await client.openLogin(visitor))
    expect(second.claims()?.sub).toBe(first.claims()?.sub)
    expect(second.refresh_token).toBeTruthy()
  })

  test('shows the form again with prompt=login, and somebody else may use it', async () => {
    const visitor = newVisitor()
    await client.logIn('admin@example.com', visitor)
    const page = await client.openLogin(visitor, { prompt: 'login' })
    expect(page.text).toContain('name="password"')
    const answer = await visitor.submit(page, '', { email: 'user@example.com', password })
    expect((await client.exchange(answer)).claims()?.email).toBe('user@example.com')
    const silent = await client.exchange(await client.openLogin(visitor))
    expect(silent.claims()?.email).toBe('user@example.com')
  })

  test('answers prompt=none without a page', async () => {
    const { location } = await client.openLogin(newVisitor(), { prompt: 'none' })
    expect(location?.searchParams.get('error')).toBe('login_required')
  })

  test.each([
    ['no code_challenge', { code_challenge: undefined, code_challenge_method: undefined }],
    ['the plain challenge method', { code_challenge_method: 'plain' }],
  ])('refuses a request with %s', async (_what, changes) => {
    const { location } = await client.openLogin(newVisitor(), changes)
    expect(location?.searchParams.get('error')).toBe('invalid_request')
  })

  test('does not know another audience than the API', async () => {
    const { location } = await client.openLogin(newVisitor(), { audience: 'https://other.example.com' })
    expect(location?.searchParams.get('error')).toBe('access_denied')
    expect(location?.searchParams.get('error_description')).toBe(
      'Service not found: https://other.example.com',
    )
  })

  test('never redirects to an address that is not registered', async () => {
    const page = await client.openLogin(newVisitor(), { redirect_uri: 'https://evil.example/callback' })
    expect(page.status).toBe(400)
    expect(page.location).toBeUndefined()
    expect(page.text).toContain('invalid_redirect_uri')
    expect(page.text).not.toMatch(/\bat \S+ \(|node_modules/)
  })

  test('takes a pushed request, offline_access included', async () => {
    const visitor = newVisitor()
    const url = await buildAuthorizationUrlWithPAR(client.oauth, await client.parameters())
    expect(url.searchParams.has('audience')).toBe(false)
    const page = await visitor.open(url)
    const tokens = await client.exchange(await visitor.submit(page, '/demo', { email: 'user@example.com' }))
    expect(decodeJwt(tokens.access_token).aud).toContain(audience)
    expect(tokens.refresh_token).toBeTruthy()
  })

  test('keeps two tabs apart, finished in either order', async () => {
    const visitor = newVisitor()
    const older = await client.openLogin(visitor, { state: 'older' })
    const newer = await client.openLogin(visitor, { state: 'newer' })
    const first = await visitor.submit(newer, '/demo', { email: 'user@example.com' })
    expect(first.location?.searchParams.get('state')).toBe('newer')
    const second = await visitor.submit(older, '/demo', { email: 'user@example.com' })
    expect(second.location?.searchParams.get('state')).toBe('older')
  })
})
