import { readFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { atOnce, figure } from '../support/crowd.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { Upstream } from '../support/upstream.ts'

let upstream: Upstream
let stack: Stack
let cookie: string
const agent = new Agent({ keepAlive: true, maxSockets: 32 })

beforeAll(async () => {
  upstream = await Upstream.start()
  stack = await startStack({ ...upstream.settings, LOG_LEVEL: 'error' })
  const user = new Browser(stack.baseUrl)
  await user.login('user@example.com', '/')
  cookie = await user.jar.getCookieString(stack.baseUrl)
})
afterAll(async () => {
  agent.destroy()
  await stack[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const megabytes = () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${stack.bff.pid}/status`, 'utf8'))?.[1]) / 1000)

function ask(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${stack.baseUrl}${path}`, { agent, headers: { cookie } }, resolve).on('error', reject)
  })
}

test('100,000 proxied requests leave the memory of a gateway as it was', async () => {
  upstream.answer = (_req, res) => {
    upstream.arrived.length = 0
    res.setHeader('Content-Type', 'application/json').end('{"text":"This is a protected message."}')
  }
  const told: number[] = []
  // The first three bring the heap to the size it works with, in some runs late.
  for (let round = 0; round < 8; round += 1) {
    await atOnce(
      Array.from({ length: 20_000 }),
      async () => {
        const answer = await ask('/api/own')
        expect(answer.statusCode).toBe(200)
        answer.resume()
        await new Promise((resolve) => answer.on('end', resolve))
      },
      32,
    )
    told.push(megabytes())
  }
  figure('after each of eight times 20,000 requests', `${told.join(', ')} MB`)
  // A kilobyte of each would be a hundred megabytes; by half of that it comes and goes.
  expect((told[7] ?? 0) - (told[2] ?? 0)).toBeLessThan(100)
})

test('a gigabyte streams through a gateway that keeps none of it', async () => {
  const part = Buffer.alloc(65_536, 'x')
  const count = 16_384
  upstream.answer = (_req, res) => {
    res.setHeader('Content-Type', 'application/octet-stream')
    Readable.from(Array.from({ length: count }, () => part)).pipe(res)
  }
  const before = megabytes()
  const first = await download()
  const again = megabytes()
  const second = await download()
  expect([first.size, second.size]).toEqual([part.length * count, part.length * count])
  // With the first one the gateway grows to what it needs. What it gives back behind it, it may take again.
  expect(first.top - before).toBeLessThan(100)
  expect(second.top - Math.max(first.top, again)).toBeLessThan(40)
  figure('while 1,073,741,824 bytes stream through', `${first.top} MB at most, ${before} MB before`)
  figure('the second time', `${second.top} MB at most, ${again} MB before`)
})

/** How much came, and the gateway's memory at most meanwhile, in megabytes. */
async function download() {
  let [size, top] = [0, 0]
  for await (const chunk of await ask('/api/download')) {
    const { length } = chunk as Buffer
    if (Math.floor((size + length) / 1e7) > Math.floor(size / 1e7)) top = Math.max(top, megabytes())
    size += length
  }
  return { size, top }
}
