import { type Answered, load, type Request } from './load.ts'
import { cpuTime } from './processes.ts'
import type { Server } from './server.ts'
import { median } from './statistics.ts'

/** A request that is measured, and the server that is measured by it. */
export interface Case {
  readonly name: string
  readonly server: Server
  readonly request: Request
  /** The request of the next round, for a session whose cookie is good for less than all of them. */
  readonly renew?: () => Promise<Request>
}

/** What one case came to, in medians over the rounds. */
export interface Figure {
  readonly name: string
  /** CPU time of the server for one request, in microseconds. */
  readonly micros: number
  /** Of each round, so that cases can be compared round by round. */
  readonly rounds: readonly number[]
  readonly perSecond: number
  /** Latencies in milliseconds. */
  readonly p50: number
  readonly p99: number
}

interface Rounds {
  readonly connections: number
  readonly rounds: number
}

/** Of one case in one round: short ones, and many of them, so that what holds up the machine meets neighbours alike. */
const seconds = 1

/** Measures the cases in turns, A B C A B C: what the machine does meanwhile meets them all. */
export async function inTurns(cases: readonly Case[], { rounds, connections }: Rounds): Promise<Figure[]> {
  const how = { connections, seconds }
  const measured = new Map(cases.map((each) => [each, [] as { micros: number; answered: Answered }[]]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [{ server, request, renew }, results] of measured) {
      results.push(await measure(server, (await renew?.()) ?? request, how))
    }
  }
  return [...measured].map(([{ name }, results]) => {
    const each = (of: (answered: Answered) => number) => median(results.map(({ answered }) => of(answered)))
    const micros = results.map((result) => result.micros)
    return {
      name,
      micros: median(micros),
      rounds: micros,
      perSecond: each(({ perSecond }) => perSecond),
      p50: each(({ p50 }) => p50),
      p99: each(({ p99 }) => p99),
    }
  })
}

async function measure(server: Server, request: Request, how: { connections: number; seconds: number }) {
  // It was idle while the others had their turn, and V8 has dropped code and memory that nobody used meanwhile: to get them
  // again made a request of a large program half as dear again. What is measured is what goes on.
  await load(request, how)
  const before = cpuTime(server.pids())
  const answered = await load(request, how)
  return { micros: (cpuTime(server.pids()) - before) / answered.requests, answered }
}
