import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { expect, test, vi } from 'vitest'
import { drain, listen } from '../shared/server.ts'
import { freePorts } from './support/ports.ts'
import { Wire } from './support/wire.ts'

/** The server of the programs, and an application that answers what none of them does yet. */
async function serving(app: RequestListener) {
  const [port = 0] = await freePorts(1)
  const server = await listen(app, { host: '127.0.0.1', port, portSetting: 'PORT' })
  const open = (): Wire => {
    const wire = new Wire(`http://127.0.0.1:${port}`)
    wire.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    return wire
  }
  return { server, open, [Symbol.asyncDispose]: () => drain(server, 0) }
}

const patient = { timeout: 150_000, concurrent: true }
const until = (wire: Wire, text: string, timeout = 20_000) =>
  vi.waitFor(() => expect(wire.text).toContain(text), { timeout })
const answers = (text: string) => text.match(/HTTP\/1.1 \d+/g)

test('a client that does not read its answer is cut after 20 to 40 seconds (P18)', patient, async () => {
  const startedAt = performance.now()
  await using place = await serving((_req, res) => res.end(Buffer.alloc(64_000_000)))
  const wire = place.open()
  wire.socket.pause()
  const [, res] = await once(place.server, 'request')
  await once(res, 'close')
  expect(res.writableFinished).toBe(false)
  const seconds = (performance.now() - startedAt) / 1000
  expect(seconds).toBeGreaterThan(19)
  expect(seconds).toBeLessThan(80)
  wire.socket.destroy()
})

test(
  'a stream that has nothing to say for a while goes on, and so does its connection',
  patient,
  async () => {
    await using place = await serving((_req, res) => {
      res.write('one')
      setTimeout(() => res.end('two'), 45_000)
    })
    const wire = place.open()
    await until(wire, 'two', 100_000)
    wire.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await vi.waitFor(() => expect(answers(wire.text)).toHaveLength(2), 20_000)
    wire.socket.destroy()
  },
)

test('what a client sends in the middle of an answer does not put another one into it (P15)', async () => {
  await using place = await serving((_req, res) => {
    res.write('one')
  })
  const wire = place.open()
  await until(wire, 'one')
  wire.socket.write('no request\r\n\r\n')
  expect(answers((await wire.ended).text)).toEqual(['HTTP/1.1 200'])
})

test('what is no request, behind one that was answered, is refused', async () => {
  await using place = await serving((_req, res) => res.end('one'))
  const wire = place.open()
  await until(wire, 'one')
  wire.socket.write('no request\r\n\r\n')
  expect(answers((await wire.ended).text)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
})
