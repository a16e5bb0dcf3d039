import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newTicket } from '../bff/session/ticket.ts'
import { Browser, navigationHeaders, send } from './support/browser.ts'
import { type Stack, startStack } from './support/stack.ts'

let stack: Stack
/** Logged in throughout; nothing below may change that. */
let user: Browser
let ticket: string
let name: string
beforeAll(async () => {
  stack = await startStack()
  user = await loggedIn('user@example.com')
  ticket = (await user.ticket()) ?? ''
  name = `ticket-${new URL(stack.baseUrl).port}`
})
afterAll(() => stack[Symbol.asyncDispose]())

async function loggedIn(email: string): Promise<Browser> {
  const browser = new Browser(stack.baseUrl)
  await browser.login(email)
  return browser
}

const api = async (browser: Browser) => (await browser.fetch('/api/messages/protected')).status
const withCookie = (cookie: string, path = '/api/messages/protected') =>
  send(new URL(path, stack.baseUrl), 'GET', { ...(path === '/' && navigationHeaders), cookie })

function rowsInFile(): unknown[] {
  const database = stack.sessionsFile()
  const rows = database.prepare('SELECT * FROM session ORDER BY key').all()
  database.close()
  return rows
}

/** Nobody to the API and to a page, and no trace of it: neither an error, nor a cookie, nor a changed row. */
async function expectNobody(cookie: string): Promise<void> {
  const [answer, page] = [await withCookie(cookie), await withCookie(cookie, '/')]
  expect([cookie, answer.status, page.status]).toEqual([cookie, 401, 200])
  expect(page.text).toContain('/login')
  expect(page.text).not.toContain('/logout')
  for (const { headers } of [answer, page]) expect(headers.getSetCookie()).toEqual([])
}

/** One request as bytes, for what an HTTP client would not send; the beginning of the answer. */
async function raw(...lines: string[]): Promise<string> {
  const { hostname, port } = new URL(stack.baseUrl)
  const socket = connect(Number(port), hostname)
  socket.write([...lines, `Host: ${hostname}:${port}`, 'Connection: close', '', ''].join('\r\n'))
  const [answer] = await once(socket, 'data')
  socket.destroy()
  return String(answer)
}

describe('a ticket that is not exactly the one that was given out is nobody’s', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

  test('at each place another character of the alphabet, the last one included (S01)', async () => {
    const before = rowsInFile()
    for (const [place, character] of ticket.split('').entries()) {
      const other = alphabet.charAt((alphabet.indexOf(character) + 1) % alphabet.length)
      await expectNobody(`${name}=${ticket.slice(0, place)}${other}${ticket.slice(place + 1)}`)
    }
    expect(rowsInFile()).toEqual(before)
    expect(await api(user)).toBe(200)
  })

  test.each<[string, (value: string) => string]>([
    ['in capitals', (value) => value.toUpperCase()],
    ['in small letters', (value) => value.toLowerCase()],
    ['backwards', (value) => value.split('').reverse().join('')],
    ['with base64 padding', (value) => `${value}=`],
    ['in base64 with + and /', (value) => `${value.slice(2)}+/`],
    ['with a dot', (value) => `${value.slice(0, -1)}.`],
    ['with a blank inside', (value) => `${value.slice(0, 20)} ${value.slice(20)}`],
    ['with a tab behind', (value) => `${value}\tx`],
    [
      'with a percent-encoded character',
      (value) => `%${Buffer.from(value.charAt(0)).toString('hex')}${value.slice(1)}`,
    ],
    ['with a letter beyond ASCII', (value) => `${value.slice(0, -1)}é`],
    ['in quotes', (value) => `"${value}"`],
    ['with a signature behind', (value) => `${value}.c2lnbmF0dXJl`],
    ['shorter', (value) => value.slice(0, -1)],
    ['longer', (value) => `${value}A`],
    ['twice in one value', (value) => value + value],
    ['with a comma between two', (value) => `${value},${value}`],
  ])('%s (S01)', async (_change, change) => {
    await expectNobody(`${name}=${change(ticket)}`)
    expect(await api(user)).toBe(200)
  })

  test.each<[string, () => string]>([
    ['of a chunk', () => `${name}.0`],
    ['of https', () => '__Host-Http-ticket'],
    ['in capitals', () => name.toUpperCase()],
    ['with something in front', () => `x${name}`],
    ['with something behind', () => `${name}x`],
    ['with a blank behind', () => `${name} `],
  ])('under a name %s (S15)', async (_name, other) => {
    await expectNobody(`${other()}=${ticket}`)
  })

  test.each([
    ['nothing', ''],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['10 kB', 'x'.repeat(10_000)],
    ['NUL', '%00'],
    ['a line feed', '%0a'],
    ['a pattern', 'sess:*'],
    ['a path', '../../x'],
    ['SQL', `' OR 1=1 --`],
    ['more SQL', `x'); DROP TABLE session; --`],
    ['a logout marker (S11)', 'http://127.0.0.1:7070/|auth0|1'],
    ['an encoded logout marker (S11)', 'http%3A%2F%2F127.0.0.1%3A7070%2F%7Cauth0%7C1'],
    ['JSON', '{"claims":{"sub":"auth0|1"}}'],
    ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhdXRoMHwxIn0.'],
    ['a well-formed ticket of nobody', newTicket()],
  ])('%s (S12)', async (_name, value) => {
    const before = rowsInFile()
    await expectNobody(`${name}=${value}`)
    expect(rowsInFile()).toEqual(before)
  })

  test('the key under which its row is kept (S02)', async () => {
    const keys = rowsInFile().map((row) => Object(row).key)
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) await expectNobody(`${name}=${key}`)
  })

  test('none of this is an error of the gateway', () => {
    expect(stack.bff.log.filter(({ level }) => level !== 'info')).toEqual([])
  })
})

describe('other cookies in front of the ticket change nothing', () => {
  const poison = ['hasOwnProperty=1', '__proto__=x', 'toString=1', 'constructor=1', '=x', 'x', '%=%', 'a="b']

  test.each(poison)('%s (S13)', async (cookie) => {
    expect((await withCookie(`${cookie}; ${name}=${ticket}`)).status).toBe(200)
    expect((await withCookie(`${name}=${ticket}; ${cookie}`)).status).toBe(200)
  })

  test('nor do they keep anybody from logging in and out (S13)', async () => {
    const browser = new Browser(stack.baseUrl)
    for (const cookie of ['hasOwnProperty=1', '__proto__=x', `${name}.0=x`]) {
      await browser.jar.setCookie(cookie, stack.baseUrl)
    }
    await browser.login('user@example.com')
    expect(await api(browser)).toBe(200)
    await browser.post(await browser.open('/'), '/logout')
    expect(await api(browser)).toBe(401)
    expect((await browser.jar.getCookies(stack.baseUrl)).map(({ key }) => key)).not.toContain(name)
  })
})

describe('two cookies of the name', () => {
  const cases: readonly (readonly [string, (own: string) => string[]])[] = [
    ['the right one first', (own) => [`${name}=${own}; ${name}=x`]],
    ['the right one last', (own) => [`${name}=x; ${name}=${own}`]],
    ['the same one twice', (own) => [`${name}=${own}; ${name}=${own}`]],
    ['an empty one too', (own) => [`${name}=; ${name}=${own}`]],
    ['two Cookie headers', (own) => [`${name}=${own}`, `${name}=${newTicket()}`]],
  ]

  test.each(cases)('%s: nobody (S14)', async (_name, cookies) => {
    const headers = cookies(ticket).map((cookie) => `Cookie: ${cookie}`)
    expect(await raw('GET /api/messages/protected HTTP/1.1', ...headers)).toMatch(/^HTTP\/1\.1 401 /)
    expect(await api(user)).toBe(200)
  })

  test('of two visitors are neither of them (S14)', async () => {
    const admin = await (await loggedIn('admin@example.com')).ticket()
    for (const pair of [
      [ticket, admin],
      [admin, ticket],
    ]) {
      await expectNobody(pair.map((value) => `${name}=${value}`).join('; '))
    }
  })

  test('one in each of two Cookie headers, of which one is something else, is fine', async () => {
    const headers = ['Cookie: theme=dark', `Cookie: ${name}=${ticket}`]
    expect(await raw('GET /api/messages/protected HTTP/1.1', ...headers)).toMatch(/^HTTP\/1\.1 200 /)
  })
})

test('a Cookie header of 15 kB is read, one of 17 kB is 431, and the gateway goes on (S16)', async () => {
  const filled = (size: number) => `x=${'y'.repeat(size)}; ${name}=${ticket}`
  expect((await withCookie(filled(15_000))).status).toBe(200)
  expect((await withCookie(filled(17_000))).status).toBe(431)
  expect(await api(user)).toBe(200)
})

test('requests write nothing: neither a new cookie nor a changed row', async () => {
  const before = rowsInFile()
  for (const path of ['/', '/profile', '/protected', '/api/messages/protected']) {
    const page = await user.fetch(path)
    expect([path, page.status, page.headers.getSetCookie()]).toEqual([path, 200, []])
  }
  expect(rowsInFile()).toEqual(before)
})

describe('who can write to the storage, but has no secret', () => {
  /** Changes all rows, shows what becomes of the visitors, and puts the rows back. */
  async function withRows(change: string, visitors: Browser[]): Promise<[number, number][]> {
    const database = stack.sessionsFile()
    database.exec('CREATE TEMP TABLE before AS SELECT * FROM session')
    database.exec(change)
    const statuses: [number, number][] = []
    for (const visitor of visitors) statuses.push([await api(visitor), (await visitor.open('/')).status])
    database.exec('DELETE FROM session; INSERT INTO session SELECT * FROM before')
    database.close()
    return statuses
  }

  test.each([
    [
      'gives one visitor the session of another one',
      'UPDATE session SET sealed = (SELECT sealed FROM before WHERE before.key <> session.key LIMIT 1)',
    ],
    ['empties rows', `UPDATE session SET sealed = x''`],
    ['cuts rows off', 'UPDATE session SET sealed = substr(sealed, 1, 100)'],
    ['writes JSON into rows', `UPDATE session SET sealed = CAST('{"claims":{"sub":"auth0|1"}}' AS BLOB)`],
    ['deletes rows', 'DELETE FROM session'],
  ])('%s: makes visitors anonymous, and is not an error (I09)', async (_attack, change) => {
    const admin = await loggedIn('admin@example.com')
    expect(await withRows(change, [user, admin])).toEqual(Array(2).fill([401, 200]))
    expect([await api(user), await api(admin)]).toEqual([200, 200])
    expect(stack.bff.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('is written about in the log', async () => {
    await withRows(`UPDATE session SET sealed = x'01'`, [user])
    await stack.bff.line(({ level, msg }) => level === 'warn' && msg === 'a session row does not open')
  })
})
