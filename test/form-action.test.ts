import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { originsOf } from '../bff/session/provider.ts'
import { Browser } from './support/browser.ts'
import { launchChromium } from './support/chromium.ts'
import { json, jumpingClock } from './support/issuer.ts'
import {
  type Gateway,
  type OpenidProvider,
  startGateway,
  startOpenidProvider,
} from './support/openid-provider.ts'

/** The server of a provider whose endpoints are not where its issuer is. */
const elsewhere = createServer((_req, res) => {
  res.setHeader('Content-Type', 'text/html').end('<h1>Logged out everywhere</h1>')
})
let origin = ''
beforeAll(async () => {
  await once(elsewhere.listen(0, 'localhost'), 'listening')
  origin = `http://localhost:${(elsewhere.address() as AddressInfo).port}`
})
afterAll(() => {
  elsewhere.closeAllConnections()
  elsewhere.close()
})

const says = (provider: OpenidProvider, changes: object) => {
  provider.discovery = json({ ...provider.metadata, ...changes })
}
const ofIssuer = ({ url }: OpenidProvider) => url.slice(0, -1)

/** Where forms of the gateway's pages may lead, besides to itself. */
async function formTargets(gateway: Gateway): Promise<string[]> {
  const { headers } = await new Browser(gateway.url).open('/')
  const [, sources = ''] =
    /form-action 'self' ([^;]*)/.exec(headers.get('content-security-policy') ?? '') ?? []
  return sources.split(' ')
}
const becomes = (gateway: Gateway, targets: readonly string[]) =>
  expect.poll(() => formTargets(gateway), { timeout: 60_000 }).toEqual(targets)
const discoveries = ({ asked }: OpenidProvider) =>
  asked.filter((path) => path === '/.well-known/openid-configuration').length

test('a browser lets a logout through to a provider whose endpoint is at another origin than its issuer (X09)', async () => {
  await using provider = await startOpenidProvider()
  says(provider, { end_session_endpoint: `${origin}/logout` })
  await using gateway = await startGateway(provider)
  await becomes(gateway, [ofIssuer(provider), origin])
  const chromium = await launchChromium()
  const page = await chromium.newPage()
  await page.goto(`${gateway.url}/login?returnTo=/profile`)
  await page.getByRole('button', { name: 'Log Out' }).click()
  await page.getByRole('heading', { name: 'Logged out everywhere' }).waitFor()
  expect(page.url()).toMatch(`${origin}/logout?`)
  await chromium.close()
})

describe('the form-action of the policy', () => {
  const [issuer, idp] = ['https://idp.example/realm', 'https://idp.example']
  test.each<[what: string, login: string | undefined, logout: string | undefined, more: string[]]>([
    ['its own', `${idp}/a`, `${idp}/b`, []],
    [
      'another origin for both',
      'https://login.idp.example/a?b',
      'https://login.idp.example/c',
      ['https://login.idp.example'],
    ],
    [
      'two more origins',
      'https://a.example/',
      'https://b.example:8443/',
      ['https://a.example', 'https://b.example:8443'],
    ],
    ['an address without a name', 'https://[::1]:8443/', undefined, ['https://[::1]:8443']],
    ['none', undefined, undefined, []],
    // The address of a host may have these characters; in a policy they would be other sources, or another directive.
    ['every host', `${idp}/a`, 'https://*/x', []],
    ['every host below one', `${idp}/a`, 'https://*.example/x', []],
    ['a directive', `${idp}/a`, 'https://a;script-src/x', []],
    ['a second policy', `${idp}/a`, 'https://a,b/x', []],
    ['a keyword', `${idp}/a`, "https://'unsafe-inline'/x", []],
    ['a scheme without an origin', `${idp}/a`, 'data:text/html,x', []],
    ['a script', 'javascript:alert(1)', `${idp}/b`, []],
    ['what has no TLS', `${idp}/a`, 'http://idp.example/x', []],
    ['what is no address', 'login', '/logout', []],
  ])(
    'has the origin of the issuer, and for endpoints at %s what can be a source',
    (_what, login, logout, more) => {
      const metadata = {
        ...(login !== undefined && { authorization_endpoint: login }),
        ...(logout !== undefined && { end_session_endpoint: logout }),
      }
      expect(originsOf(issuer, metadata)).toEqual([idp, ...more])
    },
  )

  test('may have origins without TLS where the issuer has none (the embedded tenant)', () => {
    const metadata = { end_session_endpoint: 'http://localhost:1/x' }
    expect(originsOf('http://127.0.0.1:7070/', metadata)).toEqual([
      'http://127.0.0.1:7070',
      'http://localhost:1',
    ])
  })

  test('is asked for once, not with each page', async () => {
    await using provider = await startOpenidProvider()
    says(provider, { authorization_endpoint: `${origin}/login` })
    await using gateway = await startGateway(provider, jumpingClock(6))
    await becomes(gateway, [ofIssuer(provider), origin])
    await gateway.later()
    for (let times = 0; times < 20; times += 1) await formTargets(gateway)
    expect(discoveries(provider)).toBe(1)
  })

  test('is the issuer’s while the provider is down, which holds up no start and no page, and is found later', async () => {
    await using provider = await startOpenidProvider()
    says(provider, { end_session_endpoint: `${origin}/logout` })
    await provider.stop()
    await using gateway = await startGateway(provider, jumpingClock(6))
    expect(await formTargets(gateway)).toEqual([ofIssuer(provider)])
    await provider.goOn()
    // Without a restart, and without anybody logging in.
    await gateway.later()
    await becomes(gateway, [ofIssuer(provider), origin])
  })

  test('waits for no provider that says nothing', async () => {
    await using provider = await startOpenidProvider()
    provider.discovery = () => {}
    await using gateway = await startGateway(provider)
    expect(await formTargets(gateway)).toEqual([ofIssuer(provider)])
  })

  test('is asked for every five seconds of a provider that is not well, however many pages there are', async () => {
    await using provider = await startOpenidProvider()
    provider.discovery = (_req, res) => res.writeHead(500).end()
    await using gateway = await startGateway(provider)
    const startedAt = performance.now()
    for (let times = 0; times < 50; times += 1) await formTargets(gateway)
    const seconds = (performance.now() - startedAt) / 1000
    // Once more for the time before the first page.
    expect(discoveries(provider)).toBeLessThanOrEqual(2 + seconds / 5)
    expect(discoveries(provider)).toBeGreaterThan(0)
  })
})
