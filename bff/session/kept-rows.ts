import { createRecent } from '../../shared/recent.ts'
import type { Row } from './storage.ts'

/** How many are kept at least, and in milliseconds for how long when nobody asks for them. */
const most = 5000
const keptFor = 60_000

/**
 * Rows of a file, by key, that were read since somebody else has written to it. `version`: another one as soon as anybody
 * has (docs/decisions/024-rows-kept-in-memory.md); it is asked with each `get`. Who writes by himself has to `forget`.
 */
export function keepRows(version: () => unknown, read: (key: string) => Row | undefined) {
  let rows = createRecent<Row>(most, keptFor)
  let last: unknown
  const forgetAll = () => {
    rows = createRecent(most, keptFor)
  }
  return {
    get: (key: string): Row | undefined => {
      const current = version()
      if (current !== last) forgetAll()
      last = current
      const known = rows.get(key)
      if (known) return known
      const row = read(key)
      if (row) rows.set(key, row)
      return row
    },
    forget: (key: string) => rows.delete(key),
    forgetAll,
  }
}
