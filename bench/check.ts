import { readFileSync } from 'node:fs'
import { names } from './measures/requests.ts'
import type { Result } from './result.ts'
import { ratioOf } from './targets.ts'
import { here } from './world.ts'

/** How much more than what is on record a request may cost: below that it may be the machine. */
const most = 1.25

export interface Growth {
  readonly name: string
  readonly recorded: number
  readonly now: number
}

/** What was measured by the last run that was written down. */
export const recorded = (): Result => JSON.parse(readFileSync(`${here}/docs/performance.json`, 'utf8'))

/**
 * Requests that cost more than they did, as ratios to the bare proxy that was measured along with them: other machines
 * are faster or slower, but so is the bare proxy there.
 */
export function growths(now: Result, before: Result): Growth[] {
  return [names.sqlite, names.redis, names.anonymous, names.page, names.start, names.apiAuthorised].flatMap(
    (name) => {
      const [ratio, earlier] = [now, before].map((result) => ratioOf(result, name, names.bare))
      if (ratio === undefined || earlier === undefined || ratio <= most * earlier) return []
      return [{ name, recorded: earlier, now: ratio }]
    },
  )
}
