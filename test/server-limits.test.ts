import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Stack, startStack } from './support/stack.ts'
import { type Ended, Wire } from './support/wire.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack[Symbol.asyncDispose]())

/** Both are written to be seen by somebody who means no good; they share their server. */
const programs = {
  gateway: () => stack.baseUrl,
  API: () => stack.apiUrl,
}
const names = Object.keys(programs) as (keyof typeof programs)[]
/** Longer than the longest of the time-outs; all of them pass at once. */
const patient = { timeout: 120_000 }

const request = (lines: readonly string[]) =>
  ['GET /livez HTTP/1.1', 'Host: localhost', 'Connection: close', ...lines, '', ''].join('\r\n')
const lines = (count: number) => Array.from({ length: count }, (_, number) => `A: ${number % 10}`)

async function answerTo(base: string, text: string): Promise<Ended> {
  const wire = new Wire(base)
  wire.socket.write(text)
  return wire.ended
}

/** One answer, whole, with a body for programs and the headers that every answer has. */
function expectPlain({ text }: Ended, status: number, message: string): void {
  const [head = '', body] = text.split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(body).toBe(JSON.stringify({ message }))
  const headers = new Map(head.split('\r\n').map((line) => line.split(': ') as [string, string]))
  expect(Object.fromEntries(headers)).toMatchObject({
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(body?.length),
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  })
}

const tooLarge = [431, 'Request Header Fields Too Large'] as const
const timedOut = [408, 'Request Timeout'] as const

describe.concurrent.each(names)('the %s', (name) => {
  const base = () => programs[name]()

  test.each([
    ['one of 17 kB', [`A: ${'x'.repeat(17_000)}`]],
    ['many of 17 kB together', Array<string>(17).fill(`A: ${'x'.repeat(1000)}`)],
  ])('refuses headers above 16 kB: %s (P17)', async (_name, headers) => {
    expectPlain(await answerTo(base(), request(headers)), ...tooLarge)
  })

  test('takes headers of 15 kB', async () => {
    expect((await answerTo(base(), request([`A: ${'x'.repeat(15_000)}`]))).text).toMatch(/^HTTP\/1.1 200 /)
  })

  test.each([99, 1005, 2100])('refuses more than 100 header lines: %d and two (P17)', async (count) => {
    expectPlain(await answerTo(base(), request(lines(count))), ...tooLarge)
  })

  test('takes 100 header lines, the last one included', async () => {
    const broken = [...lines(97), 'Expect: x']
    expect((await answerTo(base(), request(lines(98)))).text).toMatch(/^HTTP\/1.1 200 /)
    expectPlain(await answerTo(base(), request(broken)), 417, 'Expectation Failed')
  })

  test('cuts a client that sends its headers byte by byte after 10 seconds (P18)', patient, async () => {
    const ended = await new Wire(base()).drip('GET /livez HTTP/1.1\r\nA: '.padEnd(5000, 'a'), 200).ended
    expectPlain(ended, ...timedOut)
    expect(ended.seconds).toBeGreaterThan(9)
    expect(ended.seconds).toBeLessThan(20)
  })

  test('cuts a client that says nothing after 10 seconds (P18)', patient, async () => {
    const ended = await new Wire(base()).ended
    expectPlain(ended, ...timedOut)
    expect(ended.seconds).toBeGreaterThan(9)
    expect(ended.seconds).toBeLessThan(20)
  })

  test(
    'answers a request whose body never ends once, and cuts it after 30 seconds (P18)',
    patient,
    async () => {
      const wire = new Wire(base())
      const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000'
      wire.socket.write(
        `POST /backchannel-logout HTTP/1.1\r\nHost: ${new URL(base()).host}\r\n${form}\r\n\r\n`,
      )
      const ended = await wire.drip('a', 500).ended
      // The gateway waits for the form. The API has no such address, and says so before the body is there.
      if (name === 'gateway') expectPlain(ended, ...timedOut)
      else expect(ended.text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 404'])
      expect(ended.seconds).toBeGreaterThan(29)
      expect(ended.seconds).toBeLessThan(50)
    },
  )

  test('says how long it keeps an idle connection: longer than a reverse proxy does', async () => {
    const wire = new Wire(base())
    wire.socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await vi.waitFor(() => expect(wire.text).toContain('ok'), 20_000)
    expect(wire.text).toContain('\r\nKeep-Alive: timeout=65\r\n')
    wire.socket.destroy()
  })

  test.runIf(process.platform === 'linux')(
    'has the system ask whether a silent client still lives',
    async () => {
      // Nobody in between: it is about the socket of the program itself.
      const own = (name === 'gateway' ? stack.bff : stack.api).ownUrl
      const wire = new Wire(own)
      wire.socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await vi.waitFor(() => expect(wire.text).toContain('ok'), 20_000)
      const hex = (port: number | undefined) => Number(port).toString(16).toUpperCase().padStart(4, '0')
      const [ours, theirs] = [hex(Number(new URL(base()).port)), hex(wire.socket.localPort)]
      const table = ['tcp', 'tcp6'].map((file) => readFileSync(`/proc/net/${file}`, 'utf8')).join('\n')
      const line = table.split('\n').find((each) => new RegExp(`:${ours} \\w+:${theirs} 01 `).test(each))
      // "A TCP keep-alive timer is pending" in proc(5).
      expect(line?.trim().split(/\s+/)[5]).toMatch(/^02:/)
      wire.socket.destroy()
    },
  )
})
