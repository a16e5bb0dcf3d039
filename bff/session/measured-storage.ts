import type { Meters } from '../metrics.ts'
import type { OpenStorage } from './storage.ts'

const operations = [
  'read',
  'create',
  'replace',
  'reseal',
  'extend',
  'end',
  'delete',
  'find',
  'seen',
  'lease',
  'release',
  'count',
  'check',
] as const

/** The same storage, with each of its operations measured. */
export function measured(storage: OpenStorage, meters: Meters): OpenStorage {
  const watched = { ...storage }
  for (const name of operations) {
    const operation = storage[name] as ((...all: unknown[]) => Promise<unknown>) | undefined
    if (!operation) continue
    const measuredOperation = async (...all: unknown[]) => {
      // Before it is called: one that is synchronous is over when it returns.
      const startedAt = performance.now()
      const done = (isWell: boolean) =>
        meters.storageDid(name, isWell, (performance.now() - startedAt) / 1000)
      try {
        const result = await operation(...all)
        done(true)
        return result
      } catch (error) {
        done(false)
        throw error
      }
    }
    Object.assign(watched, { [name]: measuredOperation })
  }
  // Not the measured one: that somebody looks is no work of the gateway's.
  meters.watchStorage(() => storage.check())
  return watched
}
