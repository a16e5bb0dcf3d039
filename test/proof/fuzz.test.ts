import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { chance, fuzzed, Sender } from '../support/proof/fuzz.ts'
import { worker } from '../support/proof/worker.ts'
import { type Stack, startStack } from '../support/stack.ts'

const requests = inject('fuzzedRequests')
const seed = inject('seed')

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ LOGIN_RATE: '999999', API_RATE: '999999', LOG_LEVEL: 'warn' })
})
afterAll(() => stack[Symbol.asyncDispose]())

test(`${requests} requests from seed ${seed} are answered, and no answer has a token in it`, async () => {
  const pick = chance(seed)
  const sender = new Sender(stack.baseUrl)
  const browser = new Browser(stack.baseUrl)
  await browser.login('admin@example.com')
  const cookie = await browser.jar.getCookieString(stack.baseUrl)
  const statuses = new Map<number, number>()
  let left = requests
  const walk = async () => {
    while (left > 0) {
      left -= 1
      const sent = fuzzed(pick)
      const status = await sender.send(sent, pick(4) === 0 ? '' : cookie)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      expect(status, JSON.stringify(sent)).toBeLessThan(500)
      // What was recorded is searched and let go, lest it be a gigabyte at the end.
      if (left % 2000 === 0) worker.look()
    }
  }
  await Promise.all(Array.from({ length: 16 }, walk))
  sender.close()
  // Nothing among it has ended the session.
  expect((await browser.fetch('/api/messages/admin')).status).toBe(200)
  for (const status of [200, 302, 303, 400, 401, 403, 404, 405])
    expect([...statuses.keys()]).toContain(status)
})
