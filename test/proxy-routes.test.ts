import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Proxied, startProxied, statuses } from './support/proxied.ts'

let all: Proxied
beforeAll(async () => {
  all = await startProxied()
})
afterAll(() => all[Symbol.asyncDispose]())
beforeEach(() => {
  all.upstream.arrived.length = 0
})

const ask = (line: string, ...headers: string[]) =>
  all.send(`${line} HTTP/1.1`, [`Host: ${all.host}`, `Cookie: ${all.cookie}`, ...headers])
const own = 'Sec-Fetch-Site: same-origin'

describe('a route of the table', () => {
  test.each([
    ['POST /api/own', 'GET, HEAD'],
    ['OPTIONS /api/own', 'GET, HEAD'],
    ['GET /api/notes', 'POST'],
    ['HEAD /api/notes', 'POST'],
    ['PUT /api/notes', 'POST'],
    ['POST /api/notes/1', 'PUT, GET, HEAD, DELETE'],
    ['PATCH /api/notes/1', 'PUT, GET, HEAD, DELETE'],
    // The row without a placeholder counts, for all methods.
    ['DELETE /api/notes/latest', 'GET, HEAD'],
  ])('takes no other method: %s is 405, and says %s', async (line, allow) => {
    const answer = await ask(line, own, 'X-HTTP-Method-Override: GET')
    expect(statuses(answer)).toEqual([405])
    expect(answer).toMatch(new RegExp(`^Allow: ${allow}\r$`, 'm'))
    expect(answer).not.toMatch(/^Access-Control/im)
    expect(all.upstream.arrived).toEqual([])
  })

  test.each([
    'c=1',
    'a=1;b=2',
    'A=1',
    'a[]=1',
    'a[x]=1',
    'a=1&c=2',
    'a=1&c',
    '=1',
    '__proto__=1',
    '_method=DELETE',
    'a=1&%63=2',
    '%00a=1',
  ])('takes no query with another name: ?%s is 400', async (query) => {
    expect(statuses(await ask(`GET /api/open?${query}`, own))).toEqual([400])
    expect(all.upstream.arrived).toEqual([])
  })

  test.each([
    '',
    'a',
    'a=',
    'a=1&a=2&b=3',
    '%61=1',
    'a=1&&b=2',
    'a=%zz',
    'a=1?c=2',
    'a=x#y'.replace('#', '%23'),
  ])('takes one with its names, and sends it up as it came: ?%s (P30)', async (query) => {
    expect(statuses(await ask(`GET /api/open?${query}`, own))).toEqual([200])
    expect(all.upstream.last()?.request.url).toBe(`/api/open?${query}`)
  })

  test.each(['1', 'A-z_9', 'x'.repeat(500), '-', 'Latest'])('takes %s for its placeholder', async (id) => {
    for (const method of ['GET', 'DELETE']) {
      expect(statuses(await ask(`${method} /api/notes/${id}`, own))).toEqual([200])
      expect(all.upstream.last()?.request.url).toBe(`/api/notes/${id}`)
    }
  })

  test.each([
    ['', 404],
    ['..', 400],
    ['.', 400],
    ['%2e%2e', 400],
    ['..%2fown', 400],
    ['%2fown', 400],
    ['%31', 404],
    ['a.b', 404],
    ['a:b', 404],
    [':id', 404],
    ['a,b', 404],
    ['a%20b', 404],
    ['%C3%A4', 404],
    ['*', 404],
    ['1/', 404],
    ['1/2', 404],
    ['1;x', 400],
  ])('takes no %j for it: %i (P01, P06)', async (id, status) => {
    expect(statuses(await ask(`GET /api/notes/${id}`, own))).toEqual([status])
    expect(all.upstream.arrived).toEqual([])
  })

  test('without a placeholder wins: its token counts, not the other’s', async () => {
    const anonymous = await all.send('GET /api/notes/latest HTTP/1.1', [`Host: ${all.host}`])
    expect(statuses(anonymous)).toEqual([200])
    await ask('GET /api/notes/latest', own)
    expect(all.upstream.arrived.map(({ request: { headers } }) => headers.authorization)).toEqual([
      undefined,
      undefined,
    ])
    expect(statuses(await all.send('GET /api/notes/1 HTTP/1.1', [`Host: ${all.host}`]))).toEqual([401])
  })

  test('is refused before the visitor is looked for, who learns nothing of it by the status', async () => {
    const lines = ['POST /api/own', 'GET /api/own?x=1', 'GET /api/none', 'POST /api/notes/1']
    for (const line of lines) {
      const anonymous = await all.send(`${line} HTTP/1.1`, [`Host: ${all.host}`, own])
      expect(statuses(anonymous)).toEqual(statuses(await ask(line, own)))
    }
  })
})

describe('who asks', () => {
  const strangers = [
    ['Sec-Fetch-Site: cross-site'],
    ['Sec-Fetch-Site: same-site'],
    ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: script'],
    ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image'],
    ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: cors', 'Origin: https://evil.example'],
    // Opened in a tab, or in a frame (C09).
    ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'],
    ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'],
    ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: navigate'],
    ['Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-User: ?1'],
  ]

  test.each(strangers)(
    'nobody but our own page gets an answer of the API: %s %s %s (C09, C13, K09)',
    async (...headers) => {
      const lines = ['GET /api/own', 'HEAD /api/own', 'GET /api/open', 'GET /api/none', 'GET /api/events']
      const answers = await Promise.all(lines.map((line) => ask(line, ...headers.filter(Boolean))))
      // The same for each: neither status nor length says whether somebody is logged in or what there is.
      for (const answer of answers) {
        expect(statuses(answer)).toEqual([403])
        expect(answer).toMatch(/^Cross-Origin-Resource-Policy: same-origin\r$/m)
        expect(answer).not.toMatch(/^Access-Control|^Set-Cookie/im)
      }
      expect(new Set(answers.map((answer) => answer.length)).size).toBeLessThanOrEqual(2)
      expect(all.upstream.arrived).toEqual([])
    },
  )

  const unsafe = ['POST /api/notes', 'PUT /api/notes/1', 'DELETE /api/notes/1']
  test.each([
    ...strangers.filter((headers) => headers[0] !== own),
    [],
    ['Sec-Fetch-Site: none'],
    ['Sec-Fetch-Site: SAME-ORIGIN'],
    ['Origin: null'],
    ['Origin: https://evil.example'],
    ['Origin: http://localhost'],
    ['Referer: HOST/'],
    ['X-CSRF: 1'],
    ['HX-Request: true'],
    ['Sec-Fetch-Site: cross-site', 'Origin: HOST'],
    ['Sec-Fetch-Site: same-site', 'Origin: HOST', 'Content-Type: text/plain'],
  ])('nobody but our own page changes anything: %s %s %s (C01–C08)', async (...given) => {
    const headers = given.filter(Boolean).map((header) => header.replace('HOST', all.url))
    for (const line of unsafe) expect(statuses(await ask(line, ...headers))).toEqual([403])
    expect(all.upstream.arrived).toEqual([])
  })

  test('our own page does, in old browsers by Origin', async () => {
    for (const proof of [own, `Origin: ${all.url}`]) {
      for (const line of unsafe) expect(statuses(await ask(line, proof))).toEqual([200])
    }
    expect(all.upstream.arrived).toHaveLength(6)
  })
})
