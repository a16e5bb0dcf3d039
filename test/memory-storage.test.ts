import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openStorage } from '../bff/session/open-storage.ts'
import { type SessionStorage, sweepInterval } from '../bff/session/storage.ts'
import { createLog } from '../shared/log.ts'

/** What every storage promises is in storages.test.ts; this is what memory adds to it. */
setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const log = await createLog('test', 'silent')
let storage: SessionStorage
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  storage = await openStorage('memory:', log)
})
afterEach(async () => {
  await storage.close()
  vi.useRealTimers()
})

/** How many of the objects are still in memory. */
async function kept(references: readonly WeakRef<object>[]): Promise<number> {
  await turn()
  collectGarbage()
  return references.filter((reference) => reference.deref() !== undefined).length
}

test('an expired row leaves the memory with the next sweep, and its indexes with it (S20, F29)', async () => {
  // In a function of its own, so that nothing here holds the content.
  const references = await (async () => {
    const [sealed, about, indexes] = [new Uint8Array(1000), new Uint8Array(1000), ['index']]
    await storage.create('key', { sealed, about, seenAt: Date.now(), expiresAt: Date.now() + 1000, indexes })
    return [sealed, about, indexes].map((part) => new WeakRef<object>(part))
  })()
  expect(await kept(references)).toBe(3)
  vi.advanceTimersByTime(sweepInterval)
  expect(await kept(references)).toBe(0)
})

test('a lease that has ended leaves the memory with the next sweep', async () => {
  const megabytes = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed / 1e6
  }
  const before = megabytes()
  for (let number = 0; number < 30; number += 1) {
    const owner = Buffer.alloc(1_000_000, `owner ${number}`).toString('latin1')
    await storage.lease(`lease ${number}`, owner, 1000)
  }
  await turn()
  expect(megabytes() - before).toBeGreaterThan(25)
  vi.advanceTimersByTime(sweepInterval)
  await turn()
  expect(megabytes() - before).toBeLessThan(5)
})
