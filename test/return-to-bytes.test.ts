import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, navigationHeaders } from './support/browser.ts'
import {
  type Gateway,
  type OpenidProvider,
  startGateway,
  startOpenidProvider,
} from './support/openid-provider.ts'

let provider: OpenidProvider
let gateway: Gateway
beforeAll(async () => {
  provider = await startOpenidProvider()
  gateway = await startGateway(provider, { LOG_LEVEL: 'silent' })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

interface Head {
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** The head of the answer to a request that goes out byte by byte, as it came, no line of it taken for another's. */
async function head(target: string, headers = ['Sec-Fetch-Mode: navigate']): Promise<Head> {
  const { hostname, port, host } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  const lines = [`GET ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close']
  socket.write([...lines, ...headers, '', ''].join('\r\n'))
  const [first = '', ...rest] = (await text(socket)).split('\r\n\r\n', 1)[0]?.split(/\r\n|\r|\n/) ?? []
  const fields = rest.map((line) => [line.split(':', 1)[0] ?? '', line.replace(/^[^:]*: ?/, '')] as const)
  return { status: Number(first.split(' ')[1]), fields }
}

const namesOf = ({ fields }: Head) => fields.map(([name]) => name.toLowerCase())
const valuesOf = ({ fields }: Head, name: string) =>
  fields.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value)

describe('a line end in an address begins no header (L16)', () => {
  const lineEnds = [
    '%0d%0a',
    '%0a',
    '%0d',
    '%250d%250a',
    '%E5%98%8D%E5%98%8A',
    '%u000d%u000a',
    '%c0%8d%c0%8a',
  ]

  test.each([
    ['/login?returnTo=', 302],
    ['/login?returnTo=/', 302],
    ['/login?returnTo=/public?x=', 302],
    ['/login?prompt=login&x=', 302],
    ['/signup?returnTo=/', 302],
    ['/session?returnTo=/', 200],
    ['/callback?state=', 303],
    ['/protected?x=', 303],
    ['/protected?returnTo=/', 303],
  ])('at the end of %s', async (target, status) => {
    const harmless = namesOf(await head(`${target}x`))
    for (const lineEnd of lineEnds) {
      const answer = await head(
        `${target}${lineEnd}Set-Cookie:%20pwned=1${lineEnd}Location:%20//evil.example`,
      )
      expect([lineEnd, answer.status, namesOf(answer)]).toEqual([lineEnd, status, harmless])
      expect(valuesOf(answer, 'set-cookie').filter((value) => !value.startsWith('login-'))).toEqual([])
      expect(valuesOf(answer, 'location').filter((value) => /^\/?\/evil|^http:..evil/.test(value))).toEqual(
        [],
      )
    }
  })

  test.each(['/', '/assets/'])('in the path of %s is no page', async (target) => {
    for (const lineEnd of lineEnds) {
      const answer = await head(`${target}x${lineEnd}Set-Cookie:%20pwned=1`)
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect([lineEnd, valuesOf(answer, 'set-cookie')]).toEqual([lineEnd, []])
    }
  })

  test('neither in what htmx says of the page that it is on', async () => {
    const ask = (value: string) =>
      head('/protected', ['HX-Request: true', `HX-Current-URL: ${gateway.url}/${value}`])
    const harmless = namesOf(await ask('x'))
    for (const lineEnd of lineEnds) {
      expect(namesOf(await ask(`${lineEnd}Set-Cookie:pwned=1`))).toEqual(harmless)
      expect(namesOf(await ask(`?x=${lineEnd}Set-Cookie:pwned=1`))).toEqual(harmless)
    }
  })
})

describe('a request for more than a path leads nowhere else (L15)', () => {
  test.each([
    'http://evil.example/protected',
    'https://evil.example/protected',
    'http:/evil.example/protected',
    '//evil.example/protected',
    '///evil.example/protected',
    '/\\evil.example/protected',
    '/\\/evil.example/..//protected',
    '\\\\evil.example\\protected',
    '//evil.example/..//protected',
    '/.//evil.example',
    '/%2f%2fevil.example/%2e%2e/protected',
    '/protected//evil.example',
    '/protected?//evil.example',
    '*',
    'evil.example:443',
    'javascript:alert(1)',
  ])('%s', async (target) => {
    const answer = await head(target)
    expect(answer.status).toBeLessThan(500)
    for (const location of valuesOf(answer, 'location')) {
      expect(location).toMatch(/^\/login\?returnTo=%2F(protected%3F%2F%2Fevil\.example)?$/)
    }
  })
})

describe('pages with the longest addresses (L17)', () => {
  // As a proxy in front of the gateway and a browser would have it, and cookies of other programs of that host.
  const others = 'x'.repeat(4000)

  test.each([
    ['of a path', `/${'a'.repeat(999)}`],
    ['of what is encoded on its way', `/?${'%22'.repeat(332)}`],
    ['of what grows when it is read', `/?${"'".repeat(332)}`],
    ['that are too long', `/${'a'.repeat(1999)}`],
  ])(
    '%s: a browser that begins more logins than it can keep still gets back by the last',
    async (_of, page) => {
      const browser = new Browser(gateway.url, { 'x-other': others })
      for (let count = 0; count < 6; count += 1) {
        await browser.request(`/login?returnTo=${encodeURIComponent(page)}`, { headers: navigationHeaders })
      }
      for (const { key, value } of await browser.jar.getCookies(gateway.url)) {
        // What browsers keep of one (RFC 6265bis section 5.6).
        expect(key.length + value.length).toBeLessThan(4096)
      }
      const begun = browser.seen.map(
        ({ status, headers }) => [status, headers.get('location') ?? ''] as const,
      )
      expect(begun.map(([status]) => status)).toEqual(Array(6).fill(302))
      const end = await browser.open(begun.at(-1)?.[1] ?? '')
      expect(end.status).toBeLessThan(405)
      expect(await browser.ticket()).toBeDefined()
    },
  )
})
