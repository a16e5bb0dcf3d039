import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { gatewaySettings, loadConfig } from '../bff/config.ts'
import { chosenProvider, providerProblems, providerSettings } from '../shared/identity-provider.ts'
import { origin, port, readSettings, SettingsError, unknownSettings } from '../shared/settings.ts'

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read()
  } catch (error) {
    if (error instanceof SettingsError) return error.problems
    throw error
  }
  return []
}

describe('reading settings', () => {
  const shape = { PORT: port(4040), ADDRESS: origin.optional(), NEEDED: z.string({ error: 'is required' }) }

  test('every problem is named at once, problems between settings included', () => {
    const problems = problemsOf(() =>
      readSettings(shape, { PORT: '99999', ADDRESS: 'ftp://x' }, () => [
        'PORT and ADDRESS do not go together',
      ]),
    )
    expect(problems).toEqual([
      'PORT must be a port number from 1 to 65535',
      'ADDRESS must be a URL that begins with http:// or https://',
      'NEEDED is required',
      'PORT and ADDRESS do not go together',
    ])
  })

  test('an empty value means the default', () => {
    expect(readSettings(shape, { PORT: '', NEEDED: 'x' }, () => []).PORT).toBe(4040)
  })

  test('an origin loses its final slash and keeps nothing behind it', () => {
    expect(origin.parse('http://localhost:4040/')).toBe('http://localhost:4040')
    expect(origin.safeParse('http://localhost:4040/path').success).toBe(false)
    expect(origin.safeParse('http://user@localhost').success).toBe(false)
  })
})

describe('where the sessions are', () => {
  const accepted = (value: string) => gatewaySettings.SESSION_STORE.safeParse(value).success

  test.each([
    'memory:',
    'sqlite:sessions.db',
    'redis://localhost',
    'redis://localhost:6380/',
    'redis://10.0.0.5:6379/15',
    'redis://[::1]:6379',
    'redis://:pass%23word@redis.internal',
    'rediss://user:p%C3%A4ss@redis.example:6380/2',
  ])('may be %s, in production too if it is not in memory', (value) => {
    expect(accepted(value)).toBe(true)
    const production = {
      NODE_ENV: 'production',
      AUTH0_DOMAIN: 'tenant.eu.auth0.com',
      AUTH0_CLIENT_ID: 'client',
      AUTH0_CLIENT_SECRET: 'client-secret-value',
      BASE_URL: 'https://app.example',
      SESSION_SECRET: 'q7Zr1xYb3Lw9Kd5Tn2Vh8Jc4Mf6Gs0Pa',
      SESSION_STORE: value,
    }
    expect(problemsOf(() => loadConfig(production))).toHaveLength(value === 'memory:' ? 1 : 0)
  })

  test.each([
    'memory',
    'sqlite:',
    'redis:',
    'redis://',
    'redis:localhost',
    'redis://localhost/x',
    'redis://localhost/1/2',
    'redis://localhost?db=1',
    'redis://:pass#word@localhost',
    'redis://:pass/word@localhost',
    'redis://:pass%word@localhost',
    'redis://:pass%ffword@localhost',
    'redis+sentinel://localhost',
    'http://localhost:6379',
    'unix:///run/redis.sock',
  ])('may not be %s', (value) => {
    expect(accepted(value)).toBe(false)
  })
})

describe('how many logins an address has a minute', () => {
  test.each(['1', '300', '999999'])('may be %s', (value) => {
    expect(gatewaySettings.LOGIN_RATE.parse(value)).toBe(Number(value))
  })

  test.each(['0', '-1', '1.5', '1e3', 'off', ' 5', '1000000'])('may not be %j', (value) => {
    expect(gatewaySettings.LOGIN_RATE.safeParse(value).success).toBe(false)
  })
})

describe('names that are no settings', () => {
  const known = ['SESSION_STORE', 'AUTH0_DOMAIN', 'BFF_PORT']
  test.each([
    ['SESSION_STOER', ['SESSION_STOER is not a setting; did you mean SESSION_STORE?']],
    ['AUTH0_TENANT', ['AUTH0_TENANT is not a setting; .env.example lists them all']],
    ['SESSION_MANAGER', []],
    ['HOME', []],
    ['BFF_PORT', []],
  ])('%s', (name, problems) => {
    expect(unknownSettings({ [name]: 'x' }, known)).toEqual(problems)
  })
})

describe('the identity provider', () => {
  test.each([
    'tenant.eu.auth0.com',
    'https://tenant.eu.auth0.com',
    'https://tenant.eu.auth0.com/',
    ' tenant.eu.auth0.com ',
  ])('the domain %j is understood', (value) => {
    expect(providerSettings.AUTH0_DOMAIN.parse(value)).toBe('tenant.eu.auth0.com')
  })

  test.each(['http://tenant.auth0.com', 'tenant', 'tenant.auth0.com/path', 'a b.com', 'https://'])(
    'the domain %j is refused',
    (value) => {
      expect(providerSettings.AUTH0_DOMAIN.safeParse(value).success).toBe(false)
    },
  )

  test('an Auth0 issuer ends in a slash, another issuer is kept letter for letter', () => {
    expect(chosenProvider({ AUTH0_DOMAIN: 't.auth0.com' })).toEqual({
      kind: 'auth0',
      issuer: 'https://t.auth0.com/',
    })
    expect(chosenProvider({ ISSUER_URL: 'https://idp.example/realm' }).issuer).toBe(
      'https://idp.example/realm',
    )
    expect(chosenProvider({ TENANT_PORT: 7171 })).toEqual({
      kind: 'embedded',
      issuer: 'http://127.0.0.1:7171/',
    })
  })

  test('production accepts neither the embedded tenant nor an http issuer', () => {
    expect(providerProblems({ NODE_ENV: 'production' })).toHaveLength(1)
    expect(providerProblems({ NODE_ENV: 'production', ISSUER_URL: 'http://idp.example' })).toHaveLength(1)
    expect(providerProblems({ NODE_ENV: 'production', AUTH0_DOMAIN: 't.auth0.com' })).toEqual([])
  })
})
