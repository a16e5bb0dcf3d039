import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { atOnce, figure, grouped } from '../support/crowd.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { Wire } from '../support/wire.ts'

/** Connections of this process and of the gateway are open files, in each of them. */
const files = Number(/Max open files +(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
const enough = files >= 16_000
if (!enough) process.stderr.write(`10,000 connections need ulimit -n 20000; it is ${files} (skipped)\n`)

const pages = 500
const settings = { HOST: '127.0.0.1', LOG_LEVEL: 'error' }
const at = ({ environment }: Stack) => `http://127.0.0.1:${environment.BFF_PORT}`

/** The time of a page for one visitor, one after the other, in milliseconds. */
async function visit(stack: Stack, name: string): Promise<number> {
  const times: number[] = []
  for (let visits = 0; visits < pages; visits += 1) {
    const startedAt = performance.now()
    const answer = await fetch(stack.baseUrl, { headers: { accept: 'text/html' } })
    expect([answer.status, (await answer.text()).includes('</html>')]).toEqual([200, true])
    times.push(performance.now() - startedAt)
  }
  const sorted = times.toSorted((a, b) => a - b)
  const share = (part: number) => sorted[Math.floor(pages * part)] ?? 0
  const told = [share(0.5), share(0.95), share(1 - 1 / pages)].map((time) => time.toFixed(1))
  figure(name, `median ${told[0]} ms, 95th ${told[1]} ms, slowest ${told[2]} ms; ${megabytes(stack)} MB`)
  return share(0.5)
}

const megabytes = ({ bff }: Stack) =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${bff.pid}/status`, 'utf8'))?.[1]) / 1000)

const hello = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** So many that have asked once and stay, from several addresses: one has not enough ports. */
async function idle(stack: Stack, count: number): Promise<Wire[]> {
  const wires: Wire[] = []
  await atOnce(
    Array.from({ length: count }, (_, number) => `127.0.0.${2 + (number % 4)}`),
    async (address) => {
      const wire = new Wire(at(stack), address)
      wires.push(wire)
      wire.socket.write(hello)
      await new Promise((resolve) => wire.socket.once('data', resolve).once('close', resolve))
    },
    100,
  )
  return wires
}

describe.runIf(enough)('a gateway', () => {
  test('holds 10,000 idle connections for over a minute each, and serves pages meanwhile', async () => {
    await using stack = await startStack(settings)
    await visit(stack, 'warming up')
    const alone = await visit(stack, 'a page with no other connection')
    const before = megabytes(stack)
    const wires = await idle(stack, 10_000)
    const among = await visit(stack, `a page with ${grouped(wires.length)} idle connections`)
    const each = ((megabytes(stack) - before) * 1000) / wires.length
    figure('an idle connection', `${each.toFixed(1)} kB`)
    // It would be a multiple if each of them were looked at for each request.
    expect(among).toBeLessThan(alone * 5)
    expect(each).toBeLessThan(40)
    const ends = await Promise.all(wires.map(({ ended }) => ended))
    const short = ends.filter(({ text, seconds }) => !text.startsWith('HTTP/1.1 200 ') || seconds < 65)
    expect(short).toEqual([])
    await visit(stack, 'a page after they were closed')
  })

  test('is not delayed by 200 connections that send a byte a second, and cuts them (P18)', async () => {
    await using stack = await startStack(settings)
    await visit(stack, 'warming up')
    const alone = await visit(stack, 'a page with no other connection')
    const slow = Array.from({ length: 200 }, () =>
      new Wire(at(stack)).drip(`GET / HTTP/1.1\r\nHost: localhost\r\nA: ${'a'.repeat(100)}`, 1000),
    )
    const among = await visit(stack, 'a page with 200 slow clients')
    expect(among).toBeLessThan(alone * 5)
    const ends = await Promise.all(slow.map(({ ended }) => ended))
    const seconds = ends.map((end) => end.seconds).toSorted((a, b) => a - b)
    figure('they were cut after', `${seconds[0]?.toFixed(1)} to ${seconds.at(-1)?.toFixed(1)} s`)
    expect(ends.filter(({ text }) => !text.startsWith('HTTP/1.1 408 '))).toEqual([])
    expect(seconds.at(-1)).toBeLessThan(30)
  })

  test('takes 15,000 connections, turns the next one away at once, and takes it when one has gone', async () => {
    await using stack = await startStack(settings)
    const wires = await idle(stack, 15_000)
    expect(wires.every(({ text }) => text.startsWith('HTTP/1.1 200 '))).toBe(true)
    const [more] = await idle(stack, 1)
    expect((await more?.ended)?.text).toBe('')
    const gone = wires.splice(0, 10)
    for (const { socket } of gone) socket.end()
    await Promise.all(gone.map(({ ended }) => ended))
    expect((await fetch(`${at(stack)}/livez`)).status).toBe(200)
    for (const { socket } of wires) socket.destroy()
  })
})
