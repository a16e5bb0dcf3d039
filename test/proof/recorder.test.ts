import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from '../support/ports.ts'
import { search } from '../support/proof/matcher.ts'
import type { Seen } from '../support/proof/seen.ts'
import { Tap } from '../support/tap.ts'
import { Wire } from '../support/wire.ts'

const secret = 'dGhpcyBpcyBub3QgYSBzZWNyZXQ_but-it-is-long'
const needles = [{ kind: 'secret', value: secret }]

const tap = new Tap()
let server: Server
let answer: RequestListener
const sockets: Socket[] = []
let url = ''
beforeAll(async () => {
  server = createServer((req, res) => answer(req, res)).listen(0, '127.0.0.1')
  server.on('connection', (socket) => sockets.push(socket))
  await once(server, 'listening')
  const [port = 0] = await freePorts(1)
  const behind = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  await tap.open({ host: '127.0.0.1', port }, behind)
  url = `http://127.0.0.1:${port}`
})
afterAll(() => {
  tap.close()
  server.closeAllConnections()
  server.close()
})

async function exchange(...lines: readonly string[]): Promise<readonly Seen[]> {
  const wire = new Wire(url)
  wire.socket.write([...lines, 'Host: x', 'Connection: close', '', ''].join('\r\n'))
  await wire.ended
  return tap.take()
}
const places = (seen: readonly Seen[]) => search(seen, needles).map(({ where }) => where)
const textAt = (seen: readonly Seen[], where: string) =>
  seen.filter((each) => each.where === where).map(({ text }) => text)

describe('what goes through', () => {
  test('has its place: the request it belongs to, and the header or the body', async () => {
    answer = (_req, res) =>
      void res
        .writeHead(200, secret, { 'X-A': secret, 'Set-Cookie': [`one=${secret}`, `two=${secret}; Path=/`] })
        .end(secret)
    const seen = await exchange('POST /a/b?c=d HTTP/1.1', 'Cookie: x=1; y=2', 'Content-Length: 0')
    expect(places(seen)).toEqual([
      'to the browser: POST /a/b',
      'to the browser: POST /a/b: header x-a',
      'to the browser: POST /a/b: set-cookie one',
      'to the browser: POST /a/b: set-cookie two',
      'to the browser: POST /a/b: body',
    ])
    expect(textAt(seen, 'to the gateway: POST /a/b')).toEqual(['POST /a/b?c=d HTTP/1.1'])
    expect(textAt(seen, 'to the gateway: POST /a/b: cookie y')).toEqual(['y=2'])
  })

  test('is whole: a body in chunks of seven bytes, what stands between them, and what comes behind', async () => {
    answer = (_req, res) => {
      for (const chunk of `<p>${secret}</p>`.match(/.{1,7}/g) ?? []) res.write(chunk)
      res.addTrailers({ 'X-End': secret })
      res.end()
    }
    const chunked = await exchange('GET /chunks HTTP/1.1', 'TE: trailers')
    expect(textAt(chunked, 'to the browser: GET /chunks: body')).toEqual([`<p>${secret}</p>`])
    const rest = 'to the browser: GET /: between and behind the chunks'
    for (const [extension, trailer] of [
      [secret, ''],
      ['', `Y: ${secret}\r\n`],
    ]) {
      const chunks = `1;x=${extension}\r\na\r\n0\r\n${trailer}\r\n`
      answer = (req) => req.socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`)
      expect(places(await exchange('GET / HTTP/1.1'))).toEqual([rest])
    }
  })

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['gzip, br', (text: Buffer) => brotliCompressSync(gzipSync(text))],
  ] as const)('is read in its Content-Encoding: %s', async (encoding, compress) => {
    const text = Buffer.from(`<p>${secret.repeat(3)}</p>`.repeat(50))
    answer = (_req, res) => void res.writeHead(200, { 'Content-Encoding': encoding }).end(compress(text))
    expect(places(await exchange('GET / HTTP/1.1'))).toContain('to the browser: GET /: body')
  })

  test('is told apart on one connection, with interim answers and answers to HEAD', async () => {
    answer = (req, res) => {
      if (req.url === '/1') res.writeProcessing()
      res.setHeader('Content-Length', 5).end('12345')
    }
    const wire = new Wire(url)
    const lines = (target: string, method = 'GET') => `${method} ${target} HTTP/1.1\r\nHost: x\r\n\r\n`
    wire.socket.write(lines('/1') + lines('/2', 'HEAD') + lines('/3').replace('x', 'x\r\nConnection: close'))
    await wire.ended
    const seen = tap.take().filter(({ where }) => where.startsWith('to the browser'))
    expect(seen.filter(({ text }) => text.startsWith('HTTP/')).map(({ where }) => where)).toEqual(
      ['GET /1', 'GET /1', 'HEAD /2', 'GET /3'].map((name) => `to the browser: ${name}`),
    )
    expect(seen.filter(({ text }) => text === '12345')).toHaveLength(2)
  })

  test('is seen before its end, and again in one piece', async () => {
    answer = (_req, res) => void res.write(secret.slice(0, 10))
    const wire = new Wire(url)
    wire.socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(() => wire.text).toContain(secret.slice(0, 10))
    const body = 'to the browser: GET /slow: body'
    expect(textAt(tap.take(), body)).toEqual([secret.slice(0, 10)])
    sockets.at(-1)?.write(`${(secret.length - 10).toString(16)}\r\n${secret.slice(10)}\r\n0\r\n\r\n`)
    await expect.poll(() => wire.text).toContain(secret.slice(10))
    expect(textAt(tap.take(), body)).toEqual([secret])
    wire.socket.destroy()
  })

  test('is kept as it is where it is no HTTP', async () => {
    answer = (req) => req.socket.end(`SSH-2.0 ${secret}\r\n\r\n`)
    expect(places(await exchange('GET / HTTP/1.1'))).toEqual(['to the browser: bytes'])
    expect(places(await exchange(`\x16\x03\x01 ${secret}`))).toEqual(['to the gateway: bytes'])
  })
})

describe('nobody notices', () => {
  test('who breaks a connection breaks it on the other side, and who has no more to say may be answered', async () => {
    answer = (req, res) => void req.resume().once('end', () => res.end('still here'))
    const reset = new Wire(url)
    reset.socket.write('GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n')
    await once(server, 'request')
    const closed = new Promise((resolve) =>
      sockets
        .at(-1)
        ?.on('error', () => {})
        .once('close', resolve),
    )
    reset.socket.resetAndDestroy()
    await closed
    answer = (req) => req.socket.resetAndDestroy()
    const wire = new Wire(url)
    wire.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const [error] = await once(wire.socket, 'error')
    expect(error.code).toBe('ECONNRESET')
  })

  test.runIf(process.platform === 'linux')('the address of who comes is the one he has', async () => {
    answer = (req, res) => void res.end(req.socket.remoteAddress)
    for (const address of ['127.0.0.1', '127.0.0.9']) {
      const wire = new Wire(url, address)
      wire.socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      expect((await wire.ended).text).toMatch(new RegExp(`${address.replaceAll('.', '\\.')}$`))
    }
  })

  test('nothing is read faster than it is taken', async () => {
    answer = (_req, res) => void res.end(Buffer.alloc(64_000_000))
    const wire = connect({ host: '127.0.0.1', port: Number(new URL(url).port) })
    wire.pause()
    wire.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const [, response] = await once(server, 'request')
    // What fits into the buffers of the system and of the two sockets has gone; the rest waits.
    const gone = () => response.socket.bytesWritten - response.socket.writableLength
    for (let last = -1; last !== gone(); await wait(1000)) last = gone()
    expect(tap.counts.notKept).toBe(0)
    expect(response.writableFinished).toBe(false)
    expect(gone()).toBeLessThan(32_000_000)
    wire.destroy()
    await once(response, 'close')
  })
})
