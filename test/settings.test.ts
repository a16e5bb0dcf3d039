import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from './support/ports.ts'
import { type Environment, runToEnd } from './support/program.ts'

const badSettings = 78
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Settings that would be good in production. */
const production = {
  NODE_ENV: 'production',
  AUTH0_DOMAIN: 'tenant.eu.auth0.com',
  AUTH0_CLIENT_ID: 'client',
  AUTH0_CLIENT_SECRET: 'client-secret-value',
  BASE_URL: 'https://app.example',
  SESSION_SECRET: 'q7Zr1xYb3Lw9Kd5Tn2Vh8Jc4Mf6Gs0Pa',
}

const check = (environment: Environment) => runToEnd('main.ts', environment, ['--check'])

describe('npm run check', () => {
  test('good settings are said to be good, and nothing is started', async () => {
    expect(await check({})).toMatchObject({ code: 0, stdout: 'The settings are good.\n' })
    expect(await check(production)).toMatchObject({ code: 0 })
  })

  test('every problem of every program is listed at once (H08)', async () => {
    const { code, stderr } = await check({
      AUTH0_DOMAIN: 'https://tenant.auth0.com/path',
      AUTH0_DOMIAN: 'x',
      BFF_PORT: 'http',
      API_PORT: '70000',
      BASE_URL: 'localhost:4040',
      CLIENT_ORIGIN_URL: 'x',
      SESSION_STORE: 'mysql:x',
      SESSION_SECRET: 'short',
      SESSION_IDLE_SECONDS: '-1',
      TRUST_PROXY: 'all',
      LOG_LEVEL: 'loud',
      LOGOUT_TOKEN_TYP: 'jwt',
      LOGIN_SCOPE: 'profile',
      ACCESS_TOKEN_TYP: 'jwt',
      API_RATE: '0',
      TRUST_GATEWAY: '10.0.0.0/33',
      PERMISSIONS_CLAIM: 'realm_access..roles',
    })
    expect(code).toBe(badSettings)
    const lines = stderr.split('\n')
    expect(lines[0]).toBe('Bad settings:')
    for (const problem of [
      'AUTH0_DOMIAN is not a setting; did you mean AUTH0_DOMAIN?',
      'AUTH0_DOMAIN must be a domain such as',
      'BFF_PORT must be a port number',
      'API_PORT must be a port number from 1 to 65535',
      'BASE_URL must be a URL that begins with http',
      'CLIENT_ORIGIN_URL must be a URL',
      'SESSION_STORE must be memory:, sqlite:PATH or redis(s)://',
      'SESSION_SECRET must have at least 32 characters',
      'SESSION_IDLE_SECONDS must be a number of seconds',
      'TRUST_PROXY must be a list of IP addresses',
      'LOG_LEVEL must be one of',
      'LOGOUT_TOKEN_TYP must be logout+jwt or JWT',
      'LOGIN_SCOPE must contain openid',
      'ACCESS_TOKEN_TYP must be at+jwt, JWT or none',
      'API_RATE must be a number of requests a minute',
      'TRUST_GATEWAY must be a list of IP addresses or networks',
      'PERMISSIONS_CLAIM must be the name of a claim',
    ]) {
      expect(lines.filter((line) => line.startsWith(`  ${problem}`))).toHaveLength(1)
    }
    expect(stderr).not.toMatch(/\bat \S+:\d+|node_modules/)
  })

  test('an API that is named as the client is would take ID tokens (J33)', async () => {
    const { code, stderr } = await check({
      AUTH0_DOMAIN: 'tenant.eu.auth0.com',
      AUTH0_CLIENT_ID: 'client',
      AUTH0_CLIENT_SECRET: 'secret',
      AUTH0_AUDIENCE: 'client',
    })
    expect(code).toBe(badSettings)
    expect(stderr).toContain('AUTH0_AUDIENCE must not be AUTH0_CLIENT_ID')
  })

  test('an identity provider of your own needs a client', async () => {
    const { code, stderr } = await check({ AUTH0_DOMAIN: 'tenant.eu.auth0.com' })
    expect(code).toBe(badSettings)
    expect(stderr).toContain('AUTH0_CLIENT_ID is required')
    expect(stderr).toContain('AUTH0_CLIENT_SECRET is required')
  })

  test('no value of a secret is repeated (H01)', async () => {
    const store = 'redis://user:swordfish@localhost/x'
    const settings = { ...production, SESSION_SECRET: 'hunter2', SESSION_STORE: store, BFF_PORT: 'x' }
    const { stderr } = await check(settings)
    expect(stderr).toContain('SESSION_SECRET')
    expect(stderr).toContain('SESSION_STORE')
    expect(stderr).not.toMatch(/hunter2|swordfish|client-secret-value/)
  })
})

describe('production refuses what is fit for a laptop only', () => {
  test.each([
    [
      'the embedded tenant (H04)',
      { AUTH0_DOMAIN: '', AUTH0_CLIENT_ID: '', AUTH0_CLIENT_SECRET: '' },
      'AUTH0_DOMAIN or ISSUER_URL is required',
    ],
    [
      'an http issuer (H02)',
      { AUTH0_DOMAIN: '', ISSUER_URL: 'http://idp.example/' },
      'ISSUER_URL must begin with https',
    ],
    ['an http address (H03, S18)', { BASE_URL: 'http://app.example' }, 'BASE_URL must begin with https'],
    ['no address', { BASE_URL: '' }, 'BASE_URL must begin with https'],
    ['sessions in memory (H06)', { SESSION_STORE: 'memory:' }, 'SESSION_STORE must not be memory:'],
    ['no secret (H01)', { SESSION_SECRET: '' }, 'SESSION_SECRET is required'],
    ['a short secret (H01)', { SESSION_SECRET: 'q7Zr1xYb3Lw9Kd5' }, 'at least 32 characters'],
    [
      'an example secret (H01)',
      { SESSION_SECRET: 'please-change-me-please-change-me-0123' },
      'SESSION_SECRET must be random',
    ],
    ['a secret of one letter (H01)', { SESSION_SECRET: 'a'.repeat(40) }, 'SESSION_SECRET must be random'],
    [
      'an old secret in the ring that is bad',
      { SESSION_SECRET: `${production.SESSION_SECRET},${'b'.repeat(40)}` },
      'SESSION_SECRET must be random',
    ],
    [
      'certificates that nobody checks (H07)',
      { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      'NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody',
    ],
    ['a debugger (H07)', { NODE_OPTIONS: '--inspect=0' }, 'NODE_OPTIONS must not open a debugger'],
    ['other code (H07)', { NODE_OPTIONS: '-r node:fs' }, 'NODE_OPTIONS must not open a debugger'],
    ['what prints headers (I01)', { NODE_DEBUG: 'http' }, 'NODE_DEBUG must not be set'],
  ])('%s', async (_name, settings, problem) => {
    const { code, stderr } = await check({ ...production, ...settings })
    expect(code).toBe(badSettings)
    expect(stderr).toContain(problem)
  })

  test('the tenant does not start at all (H04)', async () => {
    const { code, stderr } = await runToEnd('tenant/main.ts', { NODE_ENV: 'production' })
    expect(code).toBe(badSettings)
    expect(stderr).toContain('NODE_ENV must not be production')
  })
})

describe('what stands in the way of a start', () => {
  test.each([
    ['bff/main.ts', 'BFF_PORT'],
    ['api/main.ts', 'API_PORT'],
    ['tenant/main.ts', 'TENANT_PORT'],
  ])('%s names the setting of a port that is taken', async (file, setting) => {
    const server = createServer().listen(0, file.startsWith('tenant') ? '127.0.0.1' : 'localhost')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const { code, stderr } = await runToEnd(file, { [setting]: String(port), DATA_DIR: join(folder, 'data') })
    server.close()
    expect(code).toBe(badSettings)
    expect(stderr).toContain(`Port ${port} is in use; set ${setting} to a free port`)
    expect(stderr).not.toMatch(/\bat \S+:\d+/)
  })

  test.each(['bff/main.ts', 'tenant/main.ts'])(
    '%s says that its data folder cannot be used',
    async (file) => {
      const [port = 0] = await freePorts(1)
      // A file where the folder should be: root may read everything, but not look into a file.
      const path = join(folder, `blocked-${port}`)
      writeFileSync(path, '')
      chmodSync(path, 0o000)
      const { code, stderr, stdout } = await runToEnd(file, {
        BFF_PORT: String(port),
        TENANT_PORT: String(port),
        DATA_DIR: path,
      })
      expect(code).toBe(badSettings)
      expect(stderr).toContain('DATA_DIR cannot be used')
      expect(stderr + stdout).not.toMatch(/\bat \S+:\d+/)
    },
  )

  test('a session file that is no database is named', async () => {
    const [port = 0] = await freePorts(1)
    const path = join(folder, 'broken.db')
    writeFileSync(path, 'this is not a database, and long enough to be sure of it'.repeat(100))
    const { code, stderr } = await runToEnd('bff/main.ts', {
      BFF_PORT: String(port),
      DATA_DIR: join(folder, 'data'),
      SESSION_STORE: `sqlite:${path}`,
    })
    expect(code).toBe(badSettings)
    expect(stderr).toContain(`SESSION_STORE cannot be used: ${path}`)
    expect(stderr).not.toMatch(/\bat \S+:\d+/)
  })
})
