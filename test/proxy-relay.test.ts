import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { selfSigned } from './support/certificate.ts'
import { type Proxied, startProxied } from './support/proxied.ts'

/** Sent again and again, as a length that no piece fits into. */
const random = randomBytes(9_999_991)
/** More than the system holds between the API and a reader: Linux gives each of four connections up to 37 MB. */
const size = 150_000_000
function* content() {
  for (let sent = 0; sent < size; ) {
    const at = sent % random.length
    const part = random.subarray(at, Math.min(at + 100_000, at + size - sent))
    sent += part.length
    yield part
  }
}
async function sha256(parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of parts) hash.update(part)
  return hash.digest('hex')
}

const folder = mkdtempSync(join(tmpdir(), 'relay-'))
const certificate = selfSigned()
/** Ends TLS in front of the API. */
const front = createServer(certificate)
let overHttp: Proxied
let overHttps: Proxied
beforeAll(async () => {
  const authority = join(folder, 'authority.pem')
  writeFileSync(authority, certificate.cert)
  await once(front.listen(0, 'localhost'), 'listening')
  overHttp = await startProxied()
  overHttps = await startProxied({
    API_SERVER_URL: `https://localhost:${(front.address() as AddressInfo).port}`,
    NODE_EXTRA_CA_CERTS: authority,
  })
  front.on('secureConnection', (socket) => {
    const back = connect(Number(new URL(`http://${overHttps.upstream.host}`).port), '127.0.0.1')
    for (const each of [socket, back]) each.on('error', () => {})
    socket.pipe(back).pipe(socket)
  })
})
afterAll(async () => {
  await overHttp[Symbol.asyncDispose]()
  await overHttps[Symbol.asyncDispose]()
  front.close()
  rmSync(folder, { recursive: true })
})

function ask({ url, cookie }: Proxied, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${url}${path}`, { headers: { cookie } }, resolve).on('error', reject)
  })
}

describe.each([
  ['http', () => overHttp],
  ['https', () => overHttps],
])('an answer that goes through, by %s', (_name, place) => {
  test.each([
    ['for the visitor alone, with its length', '/api/download', 'application/octet-stream', size],
    ['for everybody, in chunks', '/api/open', 'application/json', undefined],
  ])('arrives as it was sent, to a reader who pauses as well: %s', async (_what, path, type, length) => {
    const { upstream } = place()
    let taken = 0
    upstream.answer = (_req, res) => {
      res.setHeader('Content-Type', type)
      if (length !== undefined) res.setHeader('Content-Length', length)
      const parts = function* () {
        for (const part of content()) {
          yield part
          taken += part.length
        }
      }
      Readable.from(parts()).pipe(res)
    }
    const answer = await ask(place(), path)
    expect(answer.statusCode).toBe(200)
    // Until everything between the two is full, and the gateway waits in the middle of a piece.
    let before = -1
    await vi.waitFor(
      () => {
        const now = taken
        const isStill = now === before
        before = now
        expect(isStill).toBe(true)
      },
      { interval: 200, timeout: 30_000 },
    )
    expect(taken).toBeLessThan(size)
    expect(await sha256(answer)).toBe(await sha256(content()))
  })

  test('has nothing behind it: a connection on which more comes is closed, and nobody gets that', async () => {
    const { upstream, user } = place()
    const connections: Socket[] = []
    upstream.answer = (req, res) => {
      connections.push(req.socket)
      res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ number: connections.length }))
    }
    const number = async () => JSON.parse((await user.fetch('/api/own')).text)
    expect(await number()).toEqual({ number: 1 })
    const [first] = connections
    // An idle connection ends by itself. One on which something comes again and again does not.
    const more =
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"number":"no"}'
    const timer = setInterval(() => first?.write(more), 100)
    await new Promise((resolve) => first?.once('close', resolve))
    clearInterval(timer)
    expect(await number()).toEqual({ number: 2 })
  })
})
