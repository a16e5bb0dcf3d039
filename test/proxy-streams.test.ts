import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { profile } from './support/openid-provider.ts'
import { freePorts } from './support/ports.ts'
import { Program } from './support/program.ts'
import { type Proxied, startProxied, statuses } from './support/proxied.ts'
import { Wire } from './support/wire.ts'

let all: Proxied
beforeAll(async () => {
  all = await startProxied()
})
afterAll(() => all[Symbol.asyncDispose]())

/** For what the gateway looks at every five seconds, on a slow machine. */
const patient = { timeout: 120_000 }
const until = (wire: Wire, text: string) =>
  vi.waitFor(() => expect(wire.text).toContain(text), { timeout: 30_000 })

/** A stream that a visitor listens to, at both its ends; its first event has come. */
async function listening(place: Proxied, lines = place.ownLines, path = '/api/events') {
  const opened = new Promise<ServerResponse>((resolve) => {
    place.upstream.answer = (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: one\n\n')
      resolve(res)
    }
  })
  const wire = new Wire(place.url)
  wire.socket.write([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
  const api = await opened
  const apiClosed = new Promise<void>((resolve) => api.once('close', () => resolve()))
  await until(wire, 'data: one')
  return { wire, api, apiClosed }
}

const lastChunk = /\r\n0\r\n\r\n$/

describe('server-sent events', () => {
  test('go through at once, one by one, and say so to a reverse proxy', async () => {
    const { wire, api } = await listening(all)
    expect(wire.text).toMatch(/^X-Accel-Buffering: no\r$/m)
    expect(wire.text).toMatch(/^Cache-Control: no-store\r$/m)
    // Half an event, and what could be the beginning of the token.
    for (const part of ['data: tw', 'o\n\n', `data: ${all.accessToken[0]}x\n\n`]) {
      api.write(part)
      await until(wire, part)
    }
    api.end()
    await vi.waitFor(() => expect(wire.text).toMatch(lastChunk), { timeout: 30_000 })
    wire.socket.destroy()
  })

  test('may say nothing for longer than other answers', patient, async () => {
    const { wire, api } = await listening(all)
    // Others are cut after ten seconds.
    await new Promise((resolve) => setTimeout(resolve, 25_000))
    api.write('data: late\n\n')
    await until(wire, 'data: late')
    wire.socket.destroy()
  })

  test('end at the API when the browser goes (F34)', async () => {
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const { wire, apiClosed } = await listening(all)
      wire.socket[leave]()
      await apiClosed
    }
  })

  test('break off, and look broken, when the API does', async () => {
    const { wire, api } = await listening(all)
    api.destroy()
    expect((await wire.ended).text).not.toMatch(lastChunk)
  })

  test('leave other requests their connections, however many there are', patient, async () => {
    await using place = await startProxied()
    const streams = Array.from({ length: 300 }, () => new Wire(place.url))
    place.upstream.answer = (_req, res) =>
      void res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: one\n\n')
    for (const { socket } of streams) {
      socket.write(['GET /api/events HTTP/1.1', ...place.ownLines, '', ''].join('\r\n'))
    }
    await Promise.all(streams.map((wire) => until(wire, 'data: one')))
    place.upstream.answer = (_req, res) =>
      void res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')
    expect((await place.user.fetch('/api/own')).status).toBe(200)
    for (const { socket } of streams) socket.destroy()
  })

  test('of other sites are nobody’s (C13)', async () => {
    const before = all.upstream.arrived.length
    for (const site of ['cross-site', 'same-site']) {
      const lines = [`Host: ${all.host}`, `Cookie: ${all.cookie}`, `Sec-Fetch-Site: ${site}`]
      expect(
        statuses(await all.send('GET /api/events HTTP/1.1', [...lines, 'Accept: text/event-stream'])),
      ).toEqual([403])
    }
    expect(all.upstream.arrived.length).toBe(before)
  })
})

describe('a stream ends with its session', () => {
  test('when its visitor logs out', patient, async () => {
    await using place = await startProxied()
    const { wire, apiClosed } = await listening(place)
    expect((await place.user.sendForm('/logout')).status).toBe(303)
    await apiClosed
    await vi.waitFor(() => expect(wire.text).toMatch(lastChunk), { timeout: 30_000 })
    wire.socket.destroy()
  })

  test('when another gateway on the same storage ends it', patient, async () => {
    await using place = await startProxied()
    const { wire, apiClosed } = await listening(place)
    const [port = 0] = await freePorts(1)
    const other = new Program('bff/main.ts', { ...place.gateway.environment, BFF_PORT: String(port) })
    await other.start()
    const body = new URLSearchParams({ logout_token: await place.provider.logoutToken() })
    expect(
      (await fetch(`http://localhost:${port}/backchannel-logout`, { method: 'POST', body })).status,
    ).toBe(200)
    await other.stop()
    await apiClosed
    await vi.waitFor(() => expect(wire.text).toMatch(lastChunk), { timeout: 30_000 })
    expect(await profile(place.user)).toBe(401)
    wire.socket.destroy()
  })

  test('when it goes idle: to listen is not to be there', patient, async () => {
    await using place = await startProxied({ SESSION_IDLE_SECONDS: '8' })
    const { wire, apiClosed } = await listening(place)
    await apiClosed
    await vi.waitFor(() => expect(wire.text).toMatch(lastChunk), { timeout: 30_000 })
    wire.socket.destroy()
  })

  test('and not before', patient, async () => {
    const { wire, api } = await listening(all)
    await new Promise((resolve) => setTimeout(resolve, 11_000))
    api.write('data: still\n\n')
    await until(wire, 'data: still')
    wire.socket.destroy()
  })
})

describe('an upgrade', () => {
  test.each([
    ['Connection: Upgrade', 'Upgrade: websocket'],
    ['Connection: keep-alive, upgrade', 'Upgrade: WebSocket'],
    ['Connection: Upgrade', 'Upgrade: h2c, websocket'],
    ['Connection: close', 'Upgrade: websocket'],
  ])('to a socket is refused, whoever asks: %s, %s (P28, C13)', async (connection, upgrade) => {
    const before = all.upstream.arrived.length
    const handshake = [
      connection,
      upgrade,
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ]
    for (const path of ['/api/own', '/api/open', '/api/events', '/', '/api/none']) {
      const wire = new Wire(all.url)
      wire.socket.write([`GET ${path} HTTP/1.1`, ...all.ownLines, ...handshake, '', ''].join('\r\n'))
      await vi.waitFor(() => expect(statuses(wire.text)).toEqual([400]), { timeout: 30_000 })
      wire.socket.destroy()
    }
    expect(all.upstream.arrived.length).toBe(before)
  })

  test('to HTTP/2 is an offer, which is left alone', async () => {
    all.upstream.answer = (_req, res) =>
      void res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')
    const offer = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
    expect(statuses(await all.send('GET /api/own HTTP/1.1', [...all.ownLines, ...offer]))).toEqual([200])
    expect(all.upstream.last()?.request.headers.upgrade).toBeUndefined()
  })
})
