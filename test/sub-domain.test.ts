import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { createServer as createTlsServer, type Server } from 'node:tls'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ticketCookie } from '../bff/session/cookie.ts'
import { selfSigned } from './support/certificate.ts'
import { launchChromium } from './support/chromium.ts'
import { type Stack, startStack } from './support/stack.ts'
import { logInAs } from './support/visitor.ts'

/** The gateway as https://cloakroom.test, and a host below it that somebody else has. */
const host = 'cloakroom.test'
const evilHost = `evil.${host}`
const planted = 'A'.repeat(43)

let stack: Stack
let chromium: Browser
let context: BrowserContext
const certificate = selfSigned()
const front = createTlsServer(certificate, (socket) => {
  const back = connect(Number(stack.environment.BFF_PORT), 'localhost')
  for (const each of [socket, back]) each.on('error', () => {})
  socket.pipe(back).pipe(socket)
})
/** Sets what it wants for itself and for the domain above, by header and by script. */
const evil = createHttpsServer(certificate, (_req, res) => {
  const everywhere = `Domain=${host}; Path=/; Secure`
  const names = ['__Host-ticket', '__Host-Http-ticket', 'ticket']
  res.setHeader(
    'Set-Cookie',
    names.flatMap((name) => [`${name}=${planted}; ${everywhere}`, `${name}=${planted}; Path=/; Secure`]),
  )
  const script = names.map((name) => `document.cookie = '${name}=${planted}; ${everywhere}'`).join('\n')
  res.setHeader('Content-Type', 'text/html').end(`<title>evil</title><script>${script}</script>`)
})
const portOf = (server: Server | typeof evil) => (server.address() as AddressInfo).port
const listening = (server: Server | typeof evil) => once(server.listen(0, '127.0.0.1'), 'listening')

beforeAll(async () => {
  await Promise.all([listening(front), listening(evil)])
  ;[stack, chromium] = await Promise.all([
    startStack({ BASE_URL: `https://${host}:${portOf(front)}` }),
    launchChromium(`--host-resolver-rules=MAP ${host} 127.0.0.1, MAP ${evilHost} 127.0.0.1`),
  ])
})
afterAll(async () => {
  await chromium.close()
  evil.closeAllConnections()
  for (const server of [front, evil]) server.close()
  await stack[Symbol.asyncDispose]()
})
beforeEach(async () => {
  context = await chromium.newContext({ ignoreHTTPSErrors: true })
})
afterEach(() => context.close())

async function visitEvil(): Promise<void> {
  const page = await context.newPage()
  await page.goto(`https://${evilHost}:${portOf(evil)}/`)
  expect(await page.title()).toBe('evil')
  await page.close()
}

/** What the browser sends to the gateway under the name of the ticket. */
async function tickets(): Promise<string[]> {
  const own = ticketCookie({ secure: true, port: 0 }).name
  const cookies = await context.cookies(stack.baseUrl)
  return cookies.filter(({ name }) => name === own).map(({ value }) => value)
}

test('a host below the gateway’s cannot give a visitor another ticket, before or after a login (S23)', async () => {
  await visitEvil()
  expect(await tickets()).toEqual([])
  const page = await context.newPage()
  await page.goto(`${stack.baseUrl}/login?returnTo=/profile`)
  await logInAs(page, 'user@example.com', stack.baseUrl)
  await page.getByRole('heading', { name: 'Profile Page' }).waitFor()
  const [ticket] = await tickets()
  expect([await tickets(), ticket === planted]).toEqual([[ticket], false])

  await visitEvil()
  expect(await tickets()).toEqual([ticket])
  await page.goto(`${stack.baseUrl}/profile`)
  expect(await page.getByRole('heading', { name: 'Profile Page' }).isVisible()).toBe(true)
})
