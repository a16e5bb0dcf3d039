import { Agent, request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { atOnce } from './support/crowd.ts'
import { formTokenFor } from './support/form-token.ts'
import { type Stack, startStack } from './support/stack.ts'
import { Upstream } from './support/upstream.ts'

let upstream: Upstream
let stack: Stack
let user: Browser
let agent: Agent
beforeAll(async () => {
  upstream = await Upstream.start()
  stack = await startStack({ ...upstream.settings, LOG_LEVEL: 'silent' })
  // What an API that lets everybody read it says (C11).
  upstream.answer = (req, res) => {
    res.writeHead(200, {
      'Content-Type': 'application/json',
      'Access-Control-Allow-Origin': req.headers.origin ?? '*',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Allow-Methods': '*',
      'Access-Control-Allow-Headers': '*',
      'Access-Control-Expose-Headers': '*',
      'Access-Control-Max-Age': '86400',
    })
    res.end('{}')
  }
  user = new Browser(stack.baseUrl)
  await user.login('user@example.com')
  agent = new Agent({ keepAlive: true, maxSockets: 16 })
})
afterAll(async () => {
  agent.destroy()
  await stack[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const form = 'application/x-www-form-urlencoded'
const types = [undefined, form, 'text/plain', 'multipart/form-data; boundary=x', 'application/json'] as const
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'] as const
const sites = [undefined, 'same-origin', 'same-site', 'cross-site', 'none'] as const
const origins: Readonly<Record<string, (port: string) => string | undefined>> = {
  absent: () => undefined,
  own: (port) => `http://localhost:${port}`,
  null: () => 'null',
  'another site': () => 'https://evil.example',
  'a sibling port': () => 'http://localhost:1',
  'own with a dot': (port) => `http://localhost.:${port}`,
  'own in capitals': (port) => `HTTP://LOCALHOST:${port}`,
}
const targets: Readonly<
  Record<string, { readonly takes: readonly string[]; readonly types?: readonly string[] }>
> = {
  '/logout': { takes: ['POST'] },
  '/session': { takes: ['GET', 'HEAD', 'POST'] },
  '/sessions/end': { takes: ['POST'] },
  '/profile': { takes: ['GET', 'HEAD'] },
  '/api/open': { takes: ['GET', 'HEAD'] },
  '/api/own': { takes: ['GET', 'HEAD'] },
  '/api/notes': { takes: ['POST'], types: ['application/json', 'text/plain'] },
}

interface Cell {
  readonly path: string
  readonly method: (typeof methods)[number]
  readonly type: (typeof types)[number]
  readonly origin: string
  readonly site: (typeof sites)[number]
  readonly hasToken: boolean
}

const cells: Cell[] = Object.keys(targets).flatMap((path) =>
  methods.flatMap((method) =>
    types.flatMap((type) =>
      Object.keys(origins).flatMap((origin) =>
        sites.flatMap((site) =>
          [true, false].map((hasToken) => ({ path, method, type, origin, site, hasToken })),
        ),
      ),
    ),
  ),
)

/** What the policy says, of somebody who is logged in. None of these says that it is a navigation. */
function expected({ path, method, type, origin, site, hasToken }: Cell): number {
  const isApi = path.startsWith('/api/')
  const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(method)
  const { takes = [], types: bodies } = targets[path] ?? {}
  // What changes something comes from our own page: the browser says so, or, if it never says, its Origin does.
  if (!isSafe && !(site === 'same-origin' || (site === undefined && origin === 'own'))) return 403
  // What does not, from no other site, and from no other port of ours.
  if (site === 'cross-site' || site === 'same-site') return 403
  // A form of ours has the token of its page, in the one encoding that our forms have.
  if (!isApi && !isSafe && !(type === form && hasToken)) return 403
  if (!takes.includes(method)) return 405
  if (isApi) return !bodies || (type !== undefined && bodies.includes(type)) ? 200 : 415
  return isSafe ? 200 : 303
}

const name = ({ path, method, type, origin, site, hasToken }: Cell) =>
  `${method} ${path} as ${type}, Origin ${origin}, Sec-Fetch-Site ${site}, ${hasToken ? 'with' : 'without'} token`

const contentOf = (type: Cell['type'], fields: Readonly<Record<string, string>>): string => {
  if (type?.startsWith('multipart')) {
    const part = ([key, value]: string[]) =>
      `--x\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`
    return `${Object.entries(fields).map(part).join('')}--x--\r\n`
  }
  return type === 'application/json' ? JSON.stringify(fields) : new URLSearchParams(fields).toString()
}

interface Outcome {
  readonly status: number
  /** Headers by which a browser would let another site read it, or change what it has. */
  readonly telling: readonly string[]
}

function sendCell(cell: Cell, ticket: string, token: string): Promise<Outcome> {
  const { method, type, path } = cell
  const { port, hostname } = new URL(stack.baseUrl)
  const origin = origins[cell.origin]?.(port)
  const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'
  const fields = { session: 'A'.repeat(43), returnTo: '/', ...(cell.hasToken && { token }) }
  const body = hasBody ? contentOf(type, fields) : ''
  const headers = {
    cookie: `ticket-${stack.environment.BFF_PORT}=${ticket}`,
    accept: 'text/html',
    // Says which cell it was that came through.
    'user-agent': name(cell),
    ...(type && { 'content-type': type }),
    ...(hasBody && { 'content-length': Buffer.byteLength(body) }),
    ...(origin !== undefined && { origin }),
    ...(cell.site && { 'sec-fetch-site': cell.site }),
    ...(method === 'OPTIONS' && { 'access-control-request-method': 'POST' }),
  }
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: hostname, port, path, method, headers, agent }, (answer) => {
      answer.resume().on('error', reject)
      answer.on('end', () => {
        const names = Object.keys(answer.headers)
        const telling = names.filter((each) => /^(access-control-|timing-allow-origin)/.test(each))
        resolve({ status: answer.statusCode ?? 0, telling })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const api = async (browser: Browser) => (await browser.fetch('/api/own')).status
/** The few that log out, as they should: one login each. */
const isLogout = (cell: Cell) => cell.path === '/logout' && expected(cell) === 303

test('only our own pages change anything or reach the API, and no other site may read an answer (C01–C07, C11, C15)', {
  timeout: 600_000,
}, async () => {
  const ticket = (await user.ticket()) ?? ''
  const token = formTokenFor(stack, ticket)
  const asked = cells.filter((cell) => !isLogout(cell))
  const wrong: string[] = []
  await atOnce(asked, async (cell) => {
    const { status, telling } = await sendCell(cell, ticket, token)
    if (status !== expected(cell) || telling.length > 0) {
      wrong.push(`${name(cell)}: ${status} instead of ${expected(cell)} ${telling.join()}`)
    }
  })
  expect(wrong).toEqual([])
  const arrived = upstream.arrived.map(({ request: each }) => String(each.headers['user-agent']))
  const allowed = asked.filter((cell) => cell.path.startsWith('/api/') && expected(cell) === 200)
  expect(arrived.toSorted()).toEqual(allowed.map(name).toSorted())
  expect(await api(user)).toBe(200)
  // No oracle that refuses everything, or nothing.
  const counts = Object.groupBy(asked, (cell) => expected(cell))
  expect(Object.keys(counts)).toEqual(['200', '303', '403', '405', '415'])
})

test('what our own pages send logs out, whatever the browser says in Origin (C15)', async () => {
  const legitimate = cells.filter(isLogout)
  expect(legitimate).toHaveLength(Object.keys(origins).length + 1)
  for (const cell of legitimate) {
    const browser = new Browser(stack.baseUrl)
    await browser.login('user@example.com')
    const ticket = (await browser.ticket()) ?? ''
    expect([name(cell), (await sendCell(cell, ticket, formTokenFor(stack, ticket))).status]).toEqual([
      name(cell),
      303,
    ])
    expect(await api(browser)).toBe(401)
  }
})
