import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { runToEnd } from './support/program.ts'
import { type Stack, startStack } from './support/stack.ts'
import { Upstream } from './support/upstream.ts'

let upstream: Upstream
let stack: Stack
let cookie: string
beforeAll(async () => {
  upstream = await Upstream.start()
  stack = await startStack(upstream.settings)
  const user = new Browser(stack.baseUrl)
  await user.login('user@example.com', '/')
  cookie = await user.jar.getCookieString(stack.baseUrl)
})
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const routes = (...args: string[]) =>
  runToEnd('bff/operator/main.ts', { ...stack.environment }, ['routes', ...args])

/** The status that the gateway gives a script of its own pages, written byte by byte. */
async function statusOf(method: string, target: string): Promise<number> {
  const { hostname, port, host } = new URL(stack.baseUrl)
  const socket = connect(Number(port), hostname)
  const headers = [`Host: ${host}`, 'Connection: close', 'Sec-Fetch-Site: same-origin', `Cookie: ${cookie}`]
  socket.write([`${method} ${target} HTTP/1.1`, ...headers, '', ''].join('\r\n'))
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(await text(socket))?.[1])
}

describe('npm run routes', () => {
  test('prints the table', async () => {
    const { code, stdout } = await routes()
    expect(code).toBe(0)
    expect(stdout).toMatch(/^method +path +token +query +body +answers\n/)
    expect(stdout).toContain("\nGET     /api/own                 visitor's  a, b   none")
    expect(stdout).toContain(
      "\nPOST    /api/notes               visitor's  none   application/json, text/plain, 100000 bytes",
    )
    expect(stdout).toContain(`All of them at http://${upstream.host}. Everything else below /api is 404.`)
  })

  test.each([
    ['GET', '/api/messages/public'],
    ['GET', '/api/own?a=1&b=2&a=3'],
    ['GET', '/api/notes/7'],
    ['HEAD', '/api/notes/latest'],
    ['DELETE', '/api/notes/7'],
    ['GET', '/api/own?c=1'],
    ['GET', '/api/own?a=1;b=2'],
    ['GET', '/api/nowhere'],
    ['GET', '/api'],
    ['GET', '/api/notes/:id'],
    ['GET', '/api/notes/a.b'],
    ['PATCH', '/api/notes/7'],
    ['POST', '/api/messages/public'],
    ['GET', '/api/messages/../messages/public'],
    ['GET', '/api/messages/%2e%2e/x'],
    ['GET', '/api//messages/public'],
    ['GET', '/api/messages/public;x'],
    ['GET', 'http://evil.example/api/messages/public'],
  ])('says of %s %s what the gateway does', async (method, target) => {
    const { code, stdout } = await routes(method, target)
    const before = upstream.arrived.length
    const status = await statusOf(method, target)
    const reached = upstream.arrived.length > before
    expect([code, reached]).toEqual([
      0,
      stdout.startsWith(`${method} http://${upstream.host}${target}, by the route `),
    ])
    if (!reached) expect(stdout.slice(0, 5)).toBe(`${status}. `)
  })

  test('says that a page is none of its routes', async () => {
    expect((await routes('GET', '/profile')).stdout).toMatch(/^Not below \/api/)
  })

  test.each([[['GET']], [['GET', '/api/x', 'more']]])('with %j says what it can do', async (args) => {
    const { code, stdout, stderr } = await routes(...args)
    expect([code, stdout]).toEqual([64, ''])
    expect(stderr).toMatch(/^Usage, with the settings of the gateway:\n {2}npm run routes /)
  })

  test('with a table that is none says everything that is wrong with it, and ends with 78', async () => {
    const { code, stderr } = await runToEnd('bff/operator/main.ts', { API_ROUTES: '/dev/null/x' }, ['routes'])
    expect([code, stderr]).toEqual([78, expect.stringContaining('API_ROUTES: /dev/null/x')])
  })
})
