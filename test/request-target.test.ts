import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { targetProblem } from '../bff/edge/request-target.ts'
import { type Proxied, startProxied, statuses } from './support/proxied.ts'

/** What some program on the way could take for another address. */
const ambiguous = [
  // Dot segments, plain and encoded once or twice (P01).
  '/api/../admin',
  '/api/..',
  '/api/.',
  '/api/./open',
  '/..',
  '/api/%2e%2e/admin',
  '/api/.%2E/admin',
  '/api/%2e/open',
  '/api/..%2fadmin',
  '/api/%252e%252e/admin',
  '/api/%252fadmin',
  '/api/..%5cadmin',
  // Parameters of a segment, which some servers cut off before they look at the dots.
  '/api/a/..;/b',
  '/api/open;x=1',
  '/api/open%3bx=1',
  // Another host (P02).
  '/api//evil.com/x',
  '//evil.com/api/open',
  '/api/open//',
  '/api/\\..\\x',
  '/\\evil.com',
  '/api%5copen',
  // A fragment (P03).
  '/api/open#/../x',
  '/api/open?a=1#x',
  '#',
  // An encoded delimiter, control characters, and what is no UTF-8 (P06).
  '/api%2fopen',
  '/api%2Fopen',
  '/api/open%00',
  '/api/open%0d%0aX:y',
  '/api/open%1f',
  '/api/open%7f',
  '/api/%zz',
  '/api/%',
  '/api/%2',
  '/api/%c0%ae%c0%ae/admin',
  '/api/%e0%80%ae/admin',
  '/api/%c0%af',
  '/api/%ff',
  '/api/%ed%a0%80',
]
/** And what nobody should have sent in the first place. */
const noAddress = ['/api/op en', '/api/\xe4', '/api/open?a=\xe4', '/api/\x01', '/api/open?a=\x7f', '/\t', '']
const otherForms = [
  '*',
  'http://evil.example/api/open',
  'https://evil.example/',
  'api/open',
  'evil.example:443',
]

describe('an address', () => {
  test.each([...ambiguous, ...noAddress, ...otherForms])(
    '%j could be read differently (P01–P06)',
    (target) => {
      expect(targetProblem(target)).toEqual(expect.any(String))
    },
  )

  test.each([
    '/',
    '/api/messages/public',
    '/api/notes/a-b_c',
    '/api/notes:export',
    '/api/@evil/',
    '/.well-known/openid-configuration',
    '/assets/htmx.min.js',
    '/a..b',
    '/...',
    '/..a/b',
    '/a%20b',
    '/%C3%A4/%F0%9F%A7%A5',
    '/%61pi/open',
    '/?',
    '/callback?code=x&state=y',
    // A query is a matter between the browser and who reads it (P30).
    '/api/open?a=../..//x;\\%2f%00%0d%0a%zz&a=2',
  ])('%j is one to everybody', (target) => {
    expect(targetProblem(target)).toBeUndefined()
  })
})

describe('at the gateway', () => {
  let all: Proxied
  beforeAll(async () => {
    all = await startProxied()
  })
  afterAll(() => all[Symbol.asyncDispose]())
  beforeEach(() => {
    all.upstream.arrived.length = 0
  })

  /** The one status of an answer that has the headers of every answer; nothing has reached the API. */
  function refusal(answer: string): number | undefined {
    expect(answer).toMatch(/^Content-Security-Policy: default-src 'none';/im)
    expect(answer).toMatch(/^X-Content-Type-Options: nosniff\r$/im)
    expect(answer).toMatch(/^Cache-Control: no-store\r$/im)
    expect(answer).toMatch(/^Cross-Origin-Resource-Policy: same-origin\r$/im)
    expect(answer).not.toMatch(/^Set-Cookie|^Location/im)
    expect(all.upstream.arrived).toEqual([])
    expect(statuses(answer)).toHaveLength(1)
    return statuses(answer)[0]
  }

  test.each([...ambiguous, ...noAddress, ...otherForms])('%j is 400 (P01–P06)', async (target) => {
    expect(refusal(await all.send(`GET ${target} HTTP/1.1`, all.ownLines))).toBe(400)
  })

  test('the absolute form of our own address is 400 as well (P04)', async () => {
    expect(refusal(await all.send(`GET ${all.url}/api/open HTTP/1.1`, all.ownLines))).toBe(400)
  })

  test.each([
    '/api/@evil/',
    '/%61pi/open',
    '/api/%6fpen',
    '/api/open.',
    '/api/open%20',
    '/api/notes/%C3%A4',
    '/%C3%A4/%F0%9F%A7%A5',
    '/API/open',
    '/api/open/',
    '/api/notes/:id',
  ])('%s is no route: 404 (P02, P06, P07, C14)', async (path) => {
    expect(refusal(await all.send(`GET ${path} HTTP/1.1`, all.ownLines))).toBe(404)
  })

  test.each([
    ['TRACE /api/open', 405],
    ['PROPFIND /api/open', 405],
    ['QUERY /api/open', 405],
    ['TRACE /', 405],
    ['OPTIONS *', 400],
    ['NOSUCH /api/open', 400],
    ['get /api/open', 400],
  ])('%s is %i (P05)', async (line, status) => {
    const answer = await all.send(`${line} HTTP/1.1`, all.ownLines)
    expect(refusal(answer)).toBe(status)
    if (status === 405) expect(answer).toMatch(/^Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r$/m)
  })

  test('CONNECT ends the connection (P05)', async () => {
    expect(await all.send('CONNECT evil.example:443 HTTP/1.1', all.ownLines)).toBe('')
    expect(await all.send('CONNECT /api/open HTTP/1.1', all.ownLines)).toBe('')
    expect(all.upstream.arrived).toEqual([])
  })

  test('two Host headers, or none, are 400 (P08)', async () => {
    for (const hosts of [[], [all.host, all.host], [all.host, 'evil.example'], ['evil.example', all.host]]) {
      const lines = hosts.map((host) => `Host: ${host}`)
      expect(refusal(await all.send('GET /api/open HTTP/1.1', lines))).toBe(400)
    }
    expect(
      refusal(await all.send('GET /api/open HTTP/1.1', [`Host: ${all.host}`, `hOST: ${all.host}`])),
    ).toBe(400)
  })

  test('HTTP/1.0 without Host is 421, and with it an ordinary request (P08)', async () => {
    expect(refusal(await all.send('GET /api/open HTTP/1.0'))).toBe(421)
    expect(statuses(await all.send('GET /api/open HTTP/1.0', [`Host: ${all.host}`]))).toEqual([200])
  })

  test.each([
    '/profile/x.css',
    '/profile.css',
    '/profile/',
    '/profile/%0a.css',
    '/profile;.js',
    '/profile%2f.css',
    '/profile%3f.css',
    '/profile%23.css',
  ])('%s is no page for a cache to keep (K05)', async (path) => {
    const answer = await all.send(`GET ${path} HTTP/1.1`, [...all.ownLines, 'Accept: text/html'])
    expect([400, 404]).toContain(refusal(answer))
  })
})
