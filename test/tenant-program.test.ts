import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import { TenantClient } from './support/tenant-client.ts'
import { createTenant, type TenantProgram } from './support/tenant-program.ts'
import { Visitor } from './support/tenant-visitor.ts'

const tenants: TenantProgram[] = []
afterEach(async () => {
  for (const tenant of tenants.splice(0)) await tenant.close()
})

async function prepare(settings: Readonly<Record<string, string>> = {}): Promise<TenantProgram> {
  const tenant = await createTenant(settings)
  tenants.push(tenant)
  return tenant
}

describe('a restart', () => {
  test('after SIGKILL keeps keys, session, refresh token, an open login form and users', async () => {
    const tenant = await prepare()
    await tenant.start()
    const client = await TenantClient.discover(tenant)
    const visitor = new Visitor(tenant.issuer)
    const tokens = await client.logIn('admin@example.com', visitor)
    const other = new Visitor(tenant.issuer)
    const form = await client.openLogin(other)
    const keys = await (await fetch(`${tenant.issuer}.well-known/jwks.json`)).text()

    await tenant.end('SIGKILL')
    expect(await tenant.start()).toBeUndefined()

    expect(await (await fetch(`${tenant.issuer}.well-known/jwks.json`)).text()).toBe(keys)
    const silent = await client.exchange(await client.openLogin(visitor))
    expect(silent.claims()?.sub).toBe(tokens.claims()?.sub)
    expect((await client.refresh(tokens.refresh_token)).access_token).toBeTruthy()
    const late = await client.exchange(await other.submit(form, '/demo', { email: 'user@example.com' }))
    expect(late.claims()?.email).toBe('user@example.com')
  })

  test('removes what has expired', async () => {
    const tenant = await prepare()
    await tenant.start()
    const client = await TenantClient.discover(tenant)
    await client.logIn('admin@example.com')
    await tenant.end('SIGTERM')
    const database = new DatabaseSync(join(tenant.dataDir, 'tenant.db'))
    const count = () => Number(database.prepare('SELECT count(*) AS n FROM records').get()?.n)
    expect(count()).toBeGreaterThan(0)
    database.exec('UPDATE records SET expires_at = 1')
    await tenant.start()
    expect(count()).toBe(0)
    database.close()
  })

  test('on SIGTERM exits 0', async () => {
    const tenant = await prepare()
    await tenant.start()
    expect(await tenant.end('SIGTERM')).toBe(0)
  })
})

describe('the data folder', () => {
  test('is made for its owner only', async () => {
    const tenant = await prepare()
    const folder = join(tenant.dataDir, 'new', 'folder')
    const second = await prepare({ DATA_DIR: folder })
    expect(await second.start()).toBeUndefined()
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(folder))
      expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o600)
  })

  test.each([
    ['is a file', (dir: string) => writeFileSync(dir, '')],
    [
      'has a folder in the place of the database',
      (dir: string) => mkdirSync(join(dir, 'tenant.db'), { recursive: true }),
    ],
    ['has a database that is none', (dir: string) => put(dir, 'x'.repeat(5000))],
    ['has a database cut in half', (dir: string) => put(dir, 'SQLite format 3\0\x10\0\x01\x01\0')],
  ])('that %s is one clear sentence and exit code 78', async (_what, spoil) => {
    const dir = join((await prepare()).dataDir, 'spoiled')
    spoil(dir)
    const tenant = await prepare({ DATA_DIR: dir })
    expect(await tenant.start()).toBe(78)
    expect(tenant.errors).toMatch(/^tenant: Bad settings:\n {2}DATA_DIR .+\n$/)
  })

  const put = (dir: string, content: string) => {
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'tenant.db'), content)
    chmodSync(join(dir, 'tenant.db'), 0o644)
  }
})

describe('the settings', () => {
  test.each([
    ['NODE_ENV=production', { NODE_ENV: 'production' }, /NODE_ENV must not be production/],
    ['a ledger that cannot be written', { TENANT_TOKEN_LEDGER: '/dev/null/x' }, /TENANT_TOKEN_LEDGER/],
    [
      'a lifetime that is no number',
      { TENANT_ACCESS_TOKEN_SECONDS: '1h' },
      /TENANT_ACCESS_TOKEN_SECONDS must be/,
    ],
    ['a gateway that is no origin', { BASE_URL: 'http://localhost:1/x' }, /BASE_URL must be an origin/],
  ])('%s: exit code 78 and no stack', async (_what, settings, words) => {
    const tenant = await prepare(settings)
    expect(await tenant.start()).toBe(78)
    expect(tenant.errors).toMatch(words)
    expect(tenant.errors).not.toContain('    at ')
  })

  test('a port in use names the setting to change', async () => {
    const first = await prepare()
    await first.start()
    const second = await prepare({ TENANT_PORT: String(first.port) })
    expect(await second.start()).toBe(78)
    expect(second.errors).toContain('set TENANT_PORT to a free port')
  })

  test('an audience may be any text, as at Auth0', async () => {
    const tenant = await prepare({ AUTH0_AUDIENCE: 'messages#api?' })
    await tenant.start()
    const client = await TenantClient.discover(tenant)
    const tokens = await client.logIn('user@example.com', undefined, { audience: 'messages#api?' })
    const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1] ?? '', 'base64url').toString())
    expect(claims.aud).toEqual(['messages#api?', `${tenant.issuer}userinfo`])
  })
})

describe('the server', () => {
  test('answers under its own name only (H05)', async () => {
    const tenant = await prepare()
    await tenant.start()
    const statusFor = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const options = { host: '127.0.0.1', port: tenant.port, headers: { host } }
        request(options, (res) => resolve(res.resume().statusCode))
          .on('error', reject)
          .end()
      })
    expect(await statusFor(`127.0.0.1:${tenant.port}`)).toBe(200)
    expect(await statusFor(`rebound.example:${tenant.port}`)).toBe(421)
    expect(await statusFor(`localhost:${tenant.port}`)).toBe(421)
  })

  test('shows no stack and no foreign design for what does not exist (I02)', async () => {
    const tenant = await prepare()
    await tenant.start()
    const visitor = new Visitor(tenant.issuer)
    for (const path of [
      '/nothing',
      '/u/nothing',
      '/%ff',
      '/authorize',
      '/authorize/nothing',
      '/oidc/logout/confirm',
    ]) {
      const page = await visitor.open(path)
      expect(page.status, path).toBeGreaterThanOrEqual(400)
      expect(page.status, path).toBeLessThan(500)
      expect(page.text, path).toContain('/tenant.css')
      expect(page.text, path).not.toMatch(/undefined|node_modules/)
    }
    expect((await visitor.open('/')).text).toContain('admin@example.com')
    expect(tenant.errors).toBe('')
  })
})
