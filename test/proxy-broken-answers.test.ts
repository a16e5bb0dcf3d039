import type { Socket } from 'node:net'
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

/** What the API writes, byte by byte, and how it goes on. */
const write = (bytes: string, then: (socket: Socket) => void = () => {}) => {
  all.upstream.answer = (req) => {
    req.socket.write(Buffer.from(bytes, 'latin1'), () => then(req.socket))
  }
}
const end = (socket: Socket) => void socket.end()
const reset = (socket: Socket) => void socket.resetAndDestroy()
const get = (path: string) => all.send(`GET ${path} HTTP/1.1`, all.ownLines)
const ok = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
const paths = ['/api/own', '/api/open']

describe('what is no answer is 502, once, without a word of the API (P26)', () => {
  test.each<[string, string, (socket: Socket) => void]>([
    ['garbage', 'SSH-2.0-OpenSSH_9.9\r\n', end],
    ['nothing', '', end],
    ['a reset', '', reset],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-Ty', end],
    ['half a head and a reset', 'HTTP/1.1 200 OK\r\nContent-Ty', reset],
    ['a header of 40 kB', `${ok}X: ${'x'.repeat(40_000)}\r\nContent-Length: 2\r\n\r\n{}`, end],
    ['two lengths', `${ok}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}`, end],
    [
      'a length and chunks',
      `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      end,
    ],
    [
      'chunks and a length',
      `${ok}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      end,
    ],
    ['a length that is none', `${ok}Content-Length: 0x2\r\n\r\n{}`, end],
    ['a bare CR', `${ok}X: y\rContent-Length: 2\r\n\r\n{}`, end],
    ['NUL', `${ok}X: \0\r\nContent-Length: 2\r\n\r\n{}`, end],
    ['HTTP/0.9', '{"a":1}', end],
    [
      'a status of two digits',
      'HTTP/1.1 99 X\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
      end,
    ],
    ['status 099', 'HTTP/1.1 099 X\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}', end],
    ['an upgrade', 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n', end],
    ['an upgrade without its headers', 'HTTP/1.1 101 Switching\r\n\r\n', end],
    ['early hints and nothing else', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n', end],
  ])('%s', async (_name, bytes, then) => {
    write(bytes, then)
    for (const path of paths) await all.expectRefused(await get(path), 'The API ')
    expect(all.upstream.arrived).toHaveLength(paths.length)
  })
})

describe('an answer that goes wrong in the middle never looks complete (P26)', () => {
  const long = `"${'x'.repeat(100_000)}`
  test.each<[string, string, (socket: Socket) => void]>([
    ['half a body', `${ok}Content-Length: 100\r\n\r\n"half`, end],
    ['half a body and a reset', `${ok}Content-Length: 100\r\n\r\n"half`, reset],
    ['half a long body', `${ok}Content-Length: 200000\r\n\r\n${long}`, end],
    ['chunks without an end', `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\n"half\r\n`, end],
    ['half a chunk', `${ok}Transfer-Encoding: chunked\r\n\r\nff\r\n"half`, end],
    ['half a long chunk', `${ok}Transfer-Encoding: chunked\r\n\r\nfffff\r\n${long}`, end],
    ['a chunk that is none', `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\n"half\r\nxyz\r\n`, end],
    [
      'a chunk size that overflows',
      `${ok}Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\n"half\r\n`,
      end,
    ],
  ])('%s', async (_name, bytes, then) => {
    write(bytes, then)
    for (const path of paths) {
      const answer = await get(path)
      // Either nothing of it, or less than was announced.
      if (statuses(answer)[0] === 502) await all.expectRefused(answer, 'The API ')
      else expect(answer).not.toMatch(/\r\n0\r\n\r\n$/)
      const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
      const announced = /^content-length: (\d+)/im.exec(answer)?.[1]
      if (announced && statuses(answer)[0] !== 502) expect(body.length).toBeLessThan(Number(announced))
    }
    expect(all.upstream.arrived).toHaveLength(paths.length)
  })
})

test('early hints of the API do not go down, the answer behind them does (P26)', async () => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: <https://evil.example/x.js>; rel=preload\r\n\r\n'
  write(
    `HTTP/1.1 100 Continue\r\n\r\n${hints}HTTP/1.1 102 Processing\r\n\r\n${ok}Content-Length: 2\r\n\r\n{}`,
  )
  for (const path of paths) {
    const answer = await get(path)
    expect(statuses(answer)).toEqual([200])
    expect(answer).toMatch(/\r\n\r\n\{\}$/)
    expect(answer).not.toContain('evil')
  }
})

test('what the API says behind its answer belongs to no other (P26)', async () => {
  const evil = `${ok}Content-Length: 6\r\n\r\n"evil"`
  write(`${ok}Content-Length: 2\r\n\r\n{}${evil}`)
  expect(statuses(await get('/api/own'))).toEqual([200])
  write(`${ok}Content-Length: 2\r\n\r\n{}`)
  for (let number = 0; number < 5; number += 1) expect(await get('/api/own')).not.toContain('evil')
})

test('an answer without a length ends with the connection', async () => {
  write(`${ok}Connection: close\r\n\r\n{"a":1}`, end)
  expect((await all.user.fetch('/api/own')).text).toBe('{"a":1}')
})

test('a status without a body has no length either', async () => {
  write(`HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n`)
  const answer = await get('/api/own')
  expect(statuses(answer)).toEqual([204])
  expect(answer).not.toMatch(/^(content-length|transfer-encoding):/im)
})
