import { setImmediate } from 'node:timers/promises'
import { createRecent } from '../../shared/recent.ts'
import type { Row } from './storage.ts'

/** How many are kept at least, and in milliseconds for how long when nobody asks for them. */
const most = 5000
const keptFor = 60_000

/**
 * Rows of a file, by key, that were read since somebody else has written to it. `version`: another one as soon as anybody
 * has (docs/decisions/024-rows-kept-in-memory.md). Who writes by himself has to `forget`.
 *
 * What is asked for in one turn of the event loop is answered together, at its end. The version is asked once for all of
 * it, and after the last: do not ask with the first, a logout since then would not count. And the requests go on together,
 * so that what they send to the API finds it awake, which takes a tenth to a third off a proxied request.
 */
export function keepRows(version: () => unknown, read: (key: string) => Row | undefined) {
  let rows = createRecent<Row>(most, keptFor)
  let last: unknown
  let turn: Promise<void> | undefined
  const forgetAll = () => {
    rows = createRecent(most, keptFor)
  }
  const endOfTurn = async () => {
    await setImmediate()
    turn = undefined
    const current = version()
    if (current !== last) forgetAll()
    last = current
  }
  return {
    get: async (key: string): Promise<Row | undefined> => {
      turn ??= endOfTurn()
      await turn
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
