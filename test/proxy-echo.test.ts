import { once } from 'node:events'
import { Agent, type RequestListener, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { worker } from './support/proof/worker.ts'
import { type Proxied, startProxied, statuses } from './support/proxied.ts'

let all: Proxied
beforeAll(async () => {
  all = await startProxied()
})
afterAll(() => all[Symbol.asyncDispose]())

const itself = { kinds: ['access_token'], reason: 'a test of what the gateway does not stop' }
const json = { 'Content-Type': 'application/json' }
const reason = 'An answer with a token in it was stopped'
const get = (path = '/api/own', method = 'GET') => all.send(`${method} ${path} HTTP/1.1`, all.ownLines)
/** Answers with these pieces, each once the one before it has gone out. */
const inPieces =
  (pieces: readonly string[], status = 200, headers = json): RequestListener =>
  async (_req, res) => {
    res.writeHead(status, headers).flushHeaders()
    for (const piece of pieces) {
      await new Promise((resolve) => res.write(piece, resolve))
      await new Promise(setImmediate)
    }
    res.end()
  }

describe('an API that sends the access token back (P23)', () => {
  test('in its echo of the headers, whatever the status: 502', async () => {
    for (const status of [200, 201, 400, 401, 403, 404, 500, 503]) {
      all.upstream.answer = (req, res) => void res.writeHead(status, json).end(JSON.stringify(req.headers))
      await all.expectRefused(await get(), reason)
    }
  })

  test('in two pieces, wherever they part: 502', async () => {
    const token = all.accessToken
    for (let place = 0; place <= token.length; place += 1) {
      all.upstream.answer = inPieces([`{"a":"${token.slice(0, place)}`, `${token.slice(place)}"}`])
      await all.expectRefused(await get(), reason)
    }
  })

  test('a byte at a time, at the very end, with a length: 502', async () => {
    all.upstream.answer = inPieces(`{"a":"x ${all.accessToken}"}`.split(''))
    await all.expectRefused(await get(), reason)
    const text = all.accessToken
    all.upstream.answer = (_req, res) =>
      void res.writeHead(200, { ...json, 'Content-Length': text.length }).end(text)
    await all.expectRefused(await get(), reason)
  })

  test('in a header that goes down: 502', async () => {
    for (const name of ['Content-Language', 'Retry-After', 'Date']) {
      all.upstream.answer = (req, res) =>
        void res.writeHead(200, { ...json, [name]: `x ${req.headers.authorization}` }).end('{}')
      await all.expectRefused(await get(), reason)
      expect(statuses(await get('/api/own', 'HEAD'))).toEqual([502])
    }
    all.upstream.answer = (req, res) =>
      void res
        .writeHead(200, { 'Content-Type': `application/json; x=${req.headers.authorization?.slice(7)}` })
        .end()
    await all.expectRefused(await get(), reason)
  })

  test('in a header that does not go down, or in the reason phrase: nothing is seen of it', async () => {
    all.upstream.answer = (req, res) => {
      const { authorization = '' } = req.headers
      res.writeHead(200, authorization, { ...json, 'X-Echo': authorization, Trailer: 'X-End' })
      res.addTrailers({ 'X-End': authorization })
      res.end('{}')
    }
    const answer = await get()
    expect(statuses(answer)).toEqual([200])
    expect(answer).not.toContain(all.accessToken)
  })

  test.each([65_536, 70_000, 500_000])(
    'behind %i other bytes: the connection is cut before it, and nothing looks complete',
    async (size) => {
      for (const framing of ['chunked', 'length']) {
        const text = `"${'x'.repeat(size)} ${all.accessToken} behind"`
        const length = framing === 'length' ? { 'Content-Length': text.length } : {}
        all.upstream.answer = (_req, res) => void res.writeHead(200, { ...json, ...length }).end(text)
        const answer = await get()
        expect(answer).not.toContain(all.accessToken)
        expect(answer).not.toContain('behind')
        expect(answer).not.toMatch(/\r\n0\r\n\r\n$/)
        const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
        if (framing === 'length') expect(body.length).toBeLessThan(text.length)
        await all.gateway.program.line(({ err, requestId }) => {
          return JSON.stringify(err ?? '').includes(reason) && answer.includes(String(requestId))
        })
      }
    },
  )

  test('in an event: the events before it are there, the connection is cut', async () => {
    all.upstream.answer = (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: one\n\n')
      setImmediate(() => res.write(`data: ${all.accessToken}\n\n`))
    }
    const answer = await get('/api/events')
    expect(answer).toContain('data: one')
    expect(answer).not.toContain(all.accessToken)
    expect(answer).not.toMatch(/\r\n0\r\n\r\n$/)
  })

  test('in front of much more: 502 on a connection that is kept, and the API’s is given up', async () => {
    let over: Promise<unknown> | undefined
    all.upstream.answer = (_req, res) => {
      over = once(res, 'close')
      res.writeHead(200, json).end(`"${all.accessToken} ${'x'.repeat(8_000_000)}"`)
    }
    const agent = new Agent({ keepAlive: true })
    const headers = { cookie: all.cookie, 'sec-fetch-site': 'same-origin' }
    const [answer] = await once(request(`${all.url}/api/own`, { agent, headers }).end(), 'response')
    expect(answer.statusCode).toBe(502)
    answer.resume()
    await over
    agent.destroy()
  })

  test('in events, a few characters at a time: the connection is cut before there are 20 in a row', async () => {
    const pieces = all.accessToken.match(/.{1,7}/g) ?? []
    all.upstream.answer = inPieces(['data: ', ...pieces, '\n\n'], 200, {
      'Content-Type': 'text/event-stream',
    })
    const answer = (await get('/api/events')).replaceAll(/\r\n[0-9a-f]+\r\n/g, '')
    expect(answer).toContain('data: ')
    expect(answer).not.toContain(all.accessToken.slice(0, 28))
    expect(answer).not.toMatch(/\r\n0\r\n\r\n$/)
  })

  test('which this very request, or one beside it, has refreshed: 502', async () => {
    all.provider.accessTokenSeconds = 1
    const user = await all.gateway.login('/')
    all.upstream.answer = (req, res) => void res.writeHead(200, json).end(JSON.stringify(req.headers))
    const before = all.provider.refreshes
    while (all.provider.refreshes === before) {
      const answers = await Promise.all([1, 2, 3].map(() => user.fetch('/api/own')))
      expect(answers.map(({ status }) => status)).toEqual([502, 502, 502])
    }
    all.provider.accessTokenSeconds = 3600
  })

  test('or the refresh token that came with it, which the API should not even have: 502', async () => {
    all.provider.accessTokenSeconds = 1
    const user = await all.gateway.login('/')
    all.upstream.answer = (_req, res) =>
      void res.writeHead(200, json).end(JSON.stringify(all.newest('refresh_token')))
    const before = all.provider.refreshes
    while (all.provider.refreshes === before) {
      expect((await user.fetch('/api/own')).status).toBe(502)
    }
    all.provider.accessTokenSeconds = 3600
  })

  test('in the message of a page: 502, and not a word of it', async () => {
    for (const status of [200, 401, 403, 500]) {
      all.upstream.answer = (req, res) => void res.writeHead(status, json).end(JSON.stringify(req.headers))
      for (const page of [await all.user.open('/protected'), await all.user.swap('/protected')]) {
        expect(page.status).toBe(502)
        expect(page.text).not.toContain(all.accessToken)
      }
    }
    expect(all.gateway.program.output).not.toContain(all.accessToken)
  })

  test('other answers go through whole, nine characters of a token as well', async () => {
    const almost = all.accessToken.slice(0, 9)
    for (const text of [`"${almost}"`, almost, '', `"${'x'.repeat(200_000)}${almost}"`]) {
      all.upstream.answer = (_req, res) =>
        void res.writeHead(200, { ...json, 'Content-Length': text.length }).end(text)
      expect((await all.user.fetch('/api/own')).text).toBe(text)
    }
  })
})

test('on a public route nobody looks: no token went up', async () => {
  worker.allow({ ...itself, where: /^to the browser: GET \/api\/open: body$/ })
  const text = `"${all.accessToken}"`
  all.upstream.answer = (_req, res) => void res.writeHead(200, json).end(text)
  expect((await all.user.fetch('/api/open')).text).toBe(text)
  expect(all.upstream.last()?.request.headers.authorization).toBeUndefined()
})
