import { afterAll, beforeAll, expect, test } from 'vitest'
import { attribute, Browser, elements, navigationHeaders, send } from './support/browser.ts'
import {
  type Gateway,
  type OpenidProvider,
  startGateway,
  startOpenidProvider,
} from './support/openid-provider.ts'
import { freePorts } from './support/ports.ts'
import { expectSafe } from './support/safe-headers.ts'
import { Wire } from './support/wire.ts'

let provider: OpenidProvider
let gateway: Gateway
/** Reached by https; its provider is down. */
let secure: Gateway
const host = 'cloakroom.example'
const page = { ...navigationHeaders, 'sec-fetch-site': 'same-origin' }
beforeAll(async () => {
  provider = await startOpenidProvider()
  const [nobody = 0] = await freePorts(1)
  gateway = await startGateway(provider)
  secure = await startGateway(provider, {
    BASE_URL: `https://${host}`,
    ISSUER_URL: `http://127.0.0.1:${nobody}/`,
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await secure[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

test.each([
  [200, '/'],
  [503, '/login'],
  [303, '/profile'],
  [403, '/api/nothing'],
  [421, '/', 'localhost'],
])(
  'where the gateway is reached by https, answers say so for a year (K08): %i for %s',
  async (status, path, name = host) => {
    const answer = await send(new URL(path, secure.url), 'GET', {
      ...page,
      host: name,
    })
    expect(answer.status).toBe(status)
    expectSafe(answer, { isSecure: true })
  },
)

test.each([
  [400, 'a request line that is none', 'garbage'],
  [400, 'a request without a host', 'GET / HTTP/1.1'],
  [417, 'an expectation nobody knows', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: x'],
  [431, 'a header of 20 kB', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}`],
])(
  'the security headers are on %i for %s, which no application sees (I03, K01)',
  async (status, _what, head) => {
    const wire = new Wire(gateway.url)
    wire.socket.write(`${head}\r\nConnection: close\r\n\r\n`)
    const { text } = await wire.ended
    const [line = '', ...fields] = (text.split('\r\n\r\n')[0] ?? '').split('\r\n')
    const headers = new Headers(fields.map((field) => field.split(': ') as [string, string]))
    expect(line).toContain(` ${status} `)
    expectSafe({ headers })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
  },
)

test('what everybody may keep is the same for everybody, and sets no cookie (K03)', async () => {
  const user = await gateway.login()
  const { text } = await user.open('/')
  const named = [...elements(text, 'script'), ...elements(text, 'link')]
  const addresses = named.map((each) => attribute(each, 'src') ?? attribute(each, 'href') ?? '')
  expect(addresses).toHaveLength(4)
  for (const address of [...addresses, '/favicon.ico']) {
    const [answer, anonymous] = [await user.fetch(address), await new Browser(gateway.url).fetch(address)]
    expectSafe(answer)
    expect(answer.text).toBe(anonymous.text)
    const age = address === '/favicon.ico' ? 'max-age=86400' : 'max-age=31536000, immutable'
    expect(answer.headers.get('cache-control')).toBe(`public, ${age}`)
    expect(answer.headers.getSetCookie()).toEqual([])
  }
})
