import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openStorage } from '../bff/session/open-storage.ts'
import { sweepInterval } from '../bff/session/storage.ts'

/** What every storage promises is in storages.test.ts; this is what memory adds to it. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('an expired row leaves the memory with the next sweep (S20, F29)', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const storage = await openStorage('memory:')
  // In a function of its own, so that nothing here holds the content.
  const kept = await (async () => {
    const sealed = new Uint8Array(1000)
    await storage.create('key', { sealed, expiresAt: Date.now() + 1000 })
    return new WeakRef(sealed)
  })()
  await turn()
  collectGarbage()
  expect(kept.deref()).toBeDefined()
  vi.advanceTimersByTime(sweepInterval)
  await turn()
  collectGarbage()
  expect(kept.deref()).toBeUndefined()
  await storage.close()
})
