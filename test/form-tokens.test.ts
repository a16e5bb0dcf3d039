import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFormToken, formKey } from '../bff/session/form-token.ts'
import { attribute, Browser, elements, formHeaders, textOf } from './support/browser.ts'
import { formTokenFor } from './support/form-token.ts'
import { withGateway } from './support/other-gateway.ts'
import { type Stack, startStack } from './support/stack.ts'

const secret = 'old-secret-of-32-characters-or-more'

let stack: Stack
let mine: Browser
let other: Browser
let myTicket: string
let [token, tokenOfOther] = ['', '']
beforeAll(async () => {
  stack = await startStack({ SESSION_SECRET: secret })
  ;[mine, other] = [new Browser(stack.baseUrl), new Browser(stack.baseUrl)]
  await Promise.all([mine.login('user@example.com'), other.login('admin@example.com')])
  myTicket = (await mine.ticket()) ?? ''
  token = formTokenFor(stack, myTicket)
  tokenOfOther = formTokenFor(stack, (await other.ticket()) ?? '')
})
afterAll(() => stack[Symbol.asyncDispose]())

const api = async (browser: Browser) => (await browser.fetch('/api/messages/protected')).status

/** Sends a form to log out that proves its origin by headers, so that all depends on the token. */
const send = (body: string, type = 'application/x-www-form-urlencoded') =>
  mine.request('/logout', {
    method: 'POST',
    headers: { ...formHeaders(stack.baseUrl), accept: 'text/html', 'content-type': type },
    body,
  })

describe('a form with the headers of our own pages', () => {
  test.each<[string, () => string]>([
    ['no token', () => ''],
    ['an empty token', () => 'token='],
    ['the token of another user (C12)', () => `token=${tokenOfOther}`],
    ['a token for no ticket', () => `token=${createFormToken(formKey(secret), '')}`],
    ['a token of another secret', () => `token=${createFormToken(formKey('x'.repeat(32)), myTicket)}`],
    ['another nonce', () => `token=${token[0] === 'A' ? 'B' : 'A'}${token.slice(1)}`],
    [
      'another proof',
      () => `token=${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}${token.slice(-1)}`,
    ],
    ['half a token', () => `token=${token.slice(0, 30)}`],
    ['its nonce alone', () => `token=${token.slice(0, 21)}`],
    ['a longer token', () => `token=${token}A`],
    ['two tokens', () => `token=${token}&token=${token}`],
    ['its token under another name', () => `csrf=${token}`],
    ['the ticket itself', () => `token=${myTicket}`],
  ])('and %s changes nothing, and says what to do', async (_what, body) => {
    const answer = await send(body())
    expect([answer.status, textOf(answer.text, 'h1')]).toEqual([403, 'Please try again'])
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await api(mine)).toBe(200)
  })

  test.each(['text/plain', 'multipart/form-data; boundary=x', 'application/json', 'text/html'])(
    'that is sent as %s changes nothing (C01, C03, C04)',
    async (type) => {
      const multipart = `--x\r\ncontent-disposition: form-data; name="token"\r\n\r\n${token}\r\n--x--\r\n`
      for (const body of [`token=${token}`, JSON.stringify({ token }), multipart]) {
        expect((await send(body, type)).status).toBe(403)
      }
      expect(await api(mine)).toBe(200)
    },
  )

  test.each(['_method=DELETE', 'X-HTTP-Method-Override', 'X-Method-Override'])(
    'cannot be another method than it is: %s (C10)',
    async (override) => {
      const address = override.includes('=') ? `/profile?${override}` : '/profile'
      const headers = override.includes('=') ? {} : { [override]: 'POST' }
      const answer = await mine.fetch(address, { headers })
      expect([answer.status, textOf(answer.text, 'h1')]).toEqual([200, 'Profile Page'])
      const logout = await mine.fetch('/logout', { headers: { ...headers, origin: stack.baseUrl } })
      expect(logout.status).toBe(405)
      expect(await api(mine)).toBe(200)
    },
  )
})

describe('the forms of pages', () => {
  test.each(['/', '/profile', '/sessions', '/session', '/nothing'])(
    'of %s all have a token, and one of this page',
    async (path) => {
      const page = await mine.open(path)
      const forms = elements(page.text, 'form').filter((form) => attribute(form, 'method') === 'post')
      const tokens = elements(page.text, 'input')
        .filter((input) => attribute(input, 'name') === 'token')
        .map((input) => attribute(input, 'value'))
      expect([tokens.length, new Set(tokens).size]).toEqual([forms.length, Math.min(1, forms.length)])
      for (const each of tokens) expect(page.text).not.toContain(myTicket + each)
    },
  )

  test('have another one each time, so that its length in compressed pages tells nothing (K12)', async () => {
    const pages = await Promise.all(Array.from({ length: 5 }, () => mine.open('/profile')))
    const tokens = pages.map(({ text }) => /name="token" value="([\w-]{64})"/.exec(text)?.[1])
    expect(new Set(tokens).size).toBe(5)
  })

  test('work again after a change of the secret, while the old one is in the ring (S21)', async () => {
    const old = new Browser(stack.baseUrl)
    await old.login('user@example.com')
    await stack.bff.stop()
    await withGateway(
      stack,
      { SESSION_SECRET: `new-secret-of-32-characters-or-more,${secret}` },
      async () => {
        expect((await old.sendForm('/logout')).status).toBe(303)
        expect(await old.ticket()).toBeUndefined()
      },
    )
  })
})
