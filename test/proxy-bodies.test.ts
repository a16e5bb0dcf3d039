import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Proxied, startProxied, statuses } from './support/proxied.ts'
import { Wire } from './support/wire.ts'

let all: Proxied
beforeAll(async () => {
  all = await startProxied()
})
afterAll(() => all[Symbol.asyncDispose]())
beforeEach(() => {
  all.upstream.arrived.length = 0
  // An API that reads what it gets.
  all.upstream.answer = (req, res) =>
    void req.on('end', () => res.writeHead(201, { 'Content-Type': 'application/json' }).end('{}'))
})

const limit = 100_000
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
const post = (path: string, headers: readonly string[], body: string) =>
  all.send(`POST ${path} HTTP/1.1`, [...all.ownLines, ...headers], body)
const typed = (type: string, length = 2) => [`Content-Type: ${type}`, `Content-Length: ${length}`]

/** Opens a request with a body and writes the beginning of it. */
function begin(headers: readonly string[], beginning: string, path = '/api/notes'): Wire {
  const wire = new Wire(all.url)
  wire.socket.write([`POST ${path} HTTP/1.1`, ...all.ownLines, ...headers, '', beginning].join('\r\n'))
  return wire
}

const closing = (request: IncomingMessage) => new Promise((resolve) => request.once('close', resolve))

/** The next request as the API sees it from its first byte on. */
const nextRequest = () =>
  new Promise<IncomingMessage>((resolve) => {
    const { answer } = all.upstream
    all.upstream.answer = (req, res) => {
      answer(req, res)
      resolve(req)
    }
  })

describe('the limit of a route (P19)', () => {
  test('is what a body may just have', async () => {
    const body = 'x'.repeat(limit)
    expect(statuses(await post('/api/notes', typed('text/plain', limit), body))).toEqual([201])
    const inChunks = chunk(body.slice(0, 7)) + chunk(body.slice(7)) + chunk('')
    const headers = ['Content-Type: text/plain', 'Transfer-Encoding: chunked']
    expect(statuses(await post('/api/notes', headers, inChunks))).toEqual([201])
    expect(all.upstream.arrived.map((each) => each.body)).toEqual([body, body])
  })

  test('refuses a body by what it says of its length, before the API hears of it: 413', async () => {
    for (const length of [limit + 1, 1e15]) {
      const answer = await begin(typed('text/plain', length), 'x').ended
      expect(statuses(answer.text)).toEqual([413])
      expect(answer.text).toMatch(/^Connection: close\r$/m)
    }
    const expecting = await begin([...typed('text/plain', limit + 1), 'Expect: 100-continue'], '').ended
    expect(statuses(expecting.text).at(-1)).toBe(413)
    expect(all.upstream.arrived).toEqual([])
  })

  test.each([[], ['Expect: 100-continue']])(
    'refuses a body that comes in chunks once it is over, and breaks the request to the API off: 413 %j',
    async (...expectation) => {
      const arrives = nextRequest()
      const wire = begin(
        ['Content-Type: text/plain', 'Transfer-Encoding: chunked', ...expectation],
        chunk('x'),
      )
      const request = await arrives
      const closed = closing(request)
      wire.socket.write(chunk('x'.repeat(limit)))
      expect(statuses((await wire.ended).text).at(-1)).toBe(413)
      await closed
      expect(request.complete).toBe(false)
      expect(all.upstream.arrived).toHaveLength(1)
    },
  )

  test('is none for memory: a body goes up no faster than the API reads it', {
    timeout: 120_000,
  }, async () => {
    const size = 96_000_000
    const isLinux = process.platform === 'linux'
    const file = `/proc/${all.gateway.program.pid}/status`
    const kilobytes = () => Number(/VmRSS:\s+(\d+)/.exec(isLinux ? readFileSync(file, 'utf8') : '')?.[1] ?? 0)
    const before = kilobytes()
    const arrives = nextRequest()
    const wire = begin([...typed('application/octet-stream', size), 'Connection: close'], '', '/api/uploads')
    wire.socket.write(Buffer.alloc(size, 'x'))
    const request = await arrives
    request.pause()
    // What has left the client is in the buffers of the system, and a little in the gateway.
    const taken = () => wire.socket.bytesWritten - wire.socket.writableLength
    for (let last = -1; last !== taken(); await wait(1500)) last = taken()
    expect(taken()).toBeLessThan(size / 2)
    expect(kilobytes() - before).toBeLessThan(size / 3000)
    request.resume()
    expect(statuses((await wire.ended).text)).toEqual([201])
    expect(all.upstream.last()?.body.length).toBe(size)
  })
})

describe('a body', () => {
  test.each([
    'text/html',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'json',
    'text/plain, application/json',
    '',
  ])('of a type that the route does not take is 415: %j', async (type) => {
    expect(statuses(await post('/api/notes', typed(type), '{}'))).toEqual([415])
    expect(all.upstream.arrived).toEqual([])
  })

  test('without a type is 415 as well', async () => {
    expect(statuses(await post('/api/notes', ['Content-Length: 2'], '{}'))).toEqual([415])
    expect(all.upstream.arrived).toEqual([])
  })

  test.each(['application/json', 'Application/JSON; charset=utf-8', 'text/plain;x="y"'])(
    'of a type that it takes goes up as it is: %s',
    async (type) => {
      expect(statuses(await post('/api/notes', typed(type), '{}'))).toEqual([201])
      expect(all.upstream.last()?.request.headers['content-type']).toBe(type)
      expect(all.upstream.last()?.body).toBe('{}')
    },
  )

  test('whose client hangs up is not left to the API as a whole one (F34, F35)', async () => {
    const framings = [typed('text/plain', 100), ['Content-Type: text/plain', 'Transfer-Encoding: chunked']]
    for (const headers of framings) {
      for (const hangUp of [
        (wire: Wire) => void wire.socket.destroy(),
        (wire: Wire) => void wire.socket.resetAndDestroy(),
        (wire: Wire) => void wire.socket.end(),
      ]) {
        const arrives = nextRequest()
        const wire = begin(headers, chunk('half'))
        const request = await arrives
        const closed = closing(request)
        hangUp(wire)
        await closed
        expect(request.complete).toBe(false)
      }
    }
  })

  test('whose client says nothing for ten seconds is cut, up to the API', { timeout: 60_000 }, async () => {
    const arrives = nextRequest()
    const wire = begin(typed('text/plain', 100), 'half')
    const closed = closing(await arrives)
    const { text, seconds } = await wire.ended
    await closed
    expect(statuses(text)).toEqual([408])
    expect(seconds).toBeGreaterThan(9)
    expect(all.upstream.last()?.request.complete).toBe(false)
  })

  test('that the API does not wait for gets its answer, and nothing of it becomes a request', async () => {
    for (const status of [200, 400, 413]) {
      all.upstream.answer = (_req, res) =>
        void res.writeHead(status, { 'Content-Type': 'application/json' }).end('{"early":true}')
      const wire = begin(typed('text/plain', 50_000), 'x'.repeat(1000))
      await once(wire.socket, 'data')
      wire.socket.write('GET /api/open?b=smuggled HTTP/1.1\r\n\r\n'.padEnd(49_000, 'x'))
      const next = begin(typed('text/plain'), '{}')
      await once(next.socket, 'data')
      next.socket.destroy()
      wire.socket.end()
      expect((await wire.ended).text).toContain('{"early":true}')
      expect(statuses((await wire.ended).text)[0]).toBe(status)
    }
    expect(all.upstream.arrived.filter(({ request: { method } }) => method !== 'POST')).toEqual([])
    expect(all.upstream.broken).toBe(0)
  })
})
