import { names } from './measures/requests.ts'
import type { Result } from './result.ts'
import { medianRatio } from './statistics.ts'

export interface Target {
  readonly what: string
  readonly against: string
  readonly target: string
  readonly isMet: boolean
  /** In most cases; for memory, how much more. */
  readonly ratio: number
}

/** What a change may not make slower, as ratios of CPU time to something that was measured in the same rounds. */
const ofRequests = [
  { what: 'proxied request, session in SQLite', of: names.sqlite, against: names.apache, most: 1.3 },
  { what: 'proxied request, session in SQLite', of: names.sqlite, against: names.express, most: 1.15 },
  { what: 'proxied request, session in Redis', of: names.redis, against: names.sqlite, most: 1.2 },
  { what: 'page with a message, logged in', of: names.page, against: names.sqlite, most: 1.3 },
  { what: 'API, authorised', of: names.apiAuthorised, against: names.apiPublic, most: 1.15 },
  { what: 'API, public', of: names.apiPublic, against: names.constant, most: 1.1 },
]

/** The targets that a result has the figures for. */
export function targetsOf(result: Result): Target[] {
  const targets: Target[] = []
  const add = (what: string, against: string, ratio: number | undefined, most: number) => {
    if (ratio !== undefined) targets.push({ what, against, target: `≤ ${most}`, isMet: ratio <= most, ratio })
  }
  for (const { what, of, against, most } of ofRequests) add(what, against, ratioOf(result, of, against), most)
  const [one, two] = result.workers ?? []
  if (one && two) {
    const ratio = two.capacity / one.capacity
    targets.push({
      what: 'two workers, requests per second',
      against: 'one',
      target: '≥ 1.8',
      isMet: ratio >= 1.8,
      ratio,
    })
  }
  for (const storage of ['SQLite', 'Redis'] as const) {
    const [few, , many, crowd] = (result.sessions ?? []).filter((each) => each.storage === storage)
    if (few && many) add(`a million sessions in ${storage}`, 'one', medianRatio(many.rounds, few.rounds), 1.3)
    if (few && crowd)
      add(`the same, 20,000 visitors at once`, 'one', medianRatio(crowd.rounds, few.rounds), 1.3)
  }
  const [bare, ours] = ['bare Node proxy', 'Cloakroom'].map((name) =>
    result.bodies?.find((each) => each.name === name && each.bytes === 1e9),
  )
  if (bare && ours) {
    add('a streamed gigabyte', 'bare Node proxy', ours.milliseconds / bare.milliseconds, 1.1)
    const what = 'a streamed gigabyte, memory in MB'
    targets.push({ what, against: 'before', target: '≤ 20', isMet: ours.growth <= 20, ratio: ours.growth })
  }
  return targets
}

/** Of two cases of the same run. */
export function ratioOf({ requests }: Result, name: string, against: string): number | undefined {
  const [one, other] = [name, against].map((each) => requests?.find((figure) => figure.name === each))
  return one && other && medianRatio(one.rounds, other.rounds)
}
