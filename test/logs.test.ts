import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../bff/config.ts'
import { Secret } from '../shared/secret.ts'
import { Browser } from './support/browser.ts'
import type { Needle } from './support/proof/seen.ts'
import { type Stack, startStack } from './support/stack.ts'

const secret = 'the-secret-of-this-installation-of-40-chars'

describe('with LOG_LEVEL=trace and DEBUG=*', () => {
  let stack: Stack
  const needles: Needle[] = []
  beforeAll(async () => {
    const settings = {
      LOG_LEVEL: 'trace',
      DEBUG: '*',
      SESSION_SECRET: secret,
      TENANT_ACCESS_TOKEN_SECONDS: '2',
    }
    stack = await startStack(settings)
    const browser = new Browser(stack.baseUrl)
    const remember = (kind: string, value = '') => needles.push({ kind, value })
    await browser.login('admin@example.com')
    remember('ticket', await browser.ticket())
    for (const path of ['/', '/profile', '/sessions', '/admin', '/nothing', '/login?returnTo=/x'])
      await browser.open(path)
    for (const path of ['/api/messages/admin', '/api/x']) await browser.fetch(path)
    remember('form token', browser.formToken)
    // Until the access token has been refreshed.
    while (stack.refreshes() === 0) await browser.fetch('/api/messages/protected')
    // A callback that fails, and a token that the API refuses.
    await browser.open('/callback?code=a-code-of-nobody&state=x')
    await fetch(`${stack.apiUrl}/api/messages/admin`, {
      headers: { authorization: 'Bearer a.token.of-nobody' },
    })
    await browser.login('user@example.com')
    remember('ticket', await browser.ticket())
    await browser.sendForm('/logout')
    for (const { url } of browser.seen) {
      const state = url.searchParams.get('state')
      if (state && state.length > 20) remember('state', state)
    }
    needles.push(...stack.issuedTokens(), { kind: 'session secret', value: secret })
    needles.push({ kind: 'password', value: 'Passw0rd!' }, { kind: 'code', value: 'a-code-of-nobody' })
    needles.push({ kind: 'token', value: 'a.token.of-nobody' })
  }, 120_000)
  afterAll(() => stack[Symbol.asyncDispose]())

  test('a whole journey leaves no token, code, cookie or secret in what the programs say (I01)', () => {
    const kinds = new Set(needles.map(({ kind }) => kind))
    for (const kind of [
      'access_token',
      'refresh_token',
      'id_token',
      'code',
      'ticket',
      'form token',
      'state',
    ]) {
      expect(kinds).toContain(kind)
    }
    for (const program of [stack.bff, stack.api, stack.tenant]) {
      const found = needles.filter(({ value }) => program.output.includes(value))
      expect(found.map(({ kind }) => kind)).toEqual([])
    }
    expect(stack.bff.output).toContain('DEBUG is ignored')
    // The journey is in it.
    expect(stack.bff.log.some(({ path }) => path === '/callback')).toBe(true)
  })

  test('each login and end of a session is an event of its own, with the user’s identifier and nothing else of them', () => {
    const events = stack.bff.log.filter(({ msg }) => msg === 'logged in' || msg === 'session ended')
    // Each of the three logins ended the session before it, and the logout the last one.
    const turns = Array(3).fill(['logged in', 'session ended']).flat()
    expect(events.map(({ msg }) => msg)).toEqual(turns)
    for (const event of events) {
      expect(Object.keys(event).toSorted()).toEqual(['level', 'msg', 'program', 'sub', 'time'])
      expect(event.sub).toMatch(/^auth0\|/)
    }
  })

  test('no line is anything but JSON, so that no library speaks past the log (I01, I13)', () => {
    for (const program of [stack.bff, stack.api]) {
      for (const line of program.output.trim().split('\n')) expect(line).toMatch(/^\{.*\}$/)
    }
  })
})

describe('a secret', () => {
  const one = new Secret('hidden')

  test.each<[string, () => string]>([
    ['as a text', () => String(one)],
    ['in a list', () => [one, one].join()],
    ['as JSON', () => JSON.stringify({ one, list: [one] })],
    ['inspected', () => inspect({ one }, { depth: 9, showHidden: true })],
    ['in a copy', () => JSON.stringify(Object.assign({}, { copy: Object.entries(one) }, one))],
    ['in an error', () => inspect(new Error('it failed', { cause: one }))],
  ])('%s does not show', (_how, print) => {
    expect(print()).not.toContain('hidden')
  })

  test('is what all settings are that give access to something', () => {
    const config = loadConfig({
      SESSION_SECRET: secret,
      SESSION_STORE: 'redis://user:the-password@localhost',
      AUTH0_CLIENT_SECRET: 'the-client-secret',
      AUTH0_CLIENT_ID: 'id',
      AUTH0_DOMAIN: 'tenant.example',
    })
    for (const text of [JSON.stringify(config), inspect(config, { depth: 9 })]) {
      expect(text).not.toMatch(/the-secret|the-password|the-client-secret/)
      expect(text).toContain('[secret]')
    }
  })
})
