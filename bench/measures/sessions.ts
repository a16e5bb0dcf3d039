import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beginSessions, multiplyRedis, multiplySqlite } from '../fill.ts'
import type { Request } from '../load.ts'
import { type Case, inTurns } from '../rounds.ts'
import { cookieName, fromScript, type World } from '../world.ts'

export interface SessionsFigure {
  readonly storage: 'SQLite' | 'Redis'
  readonly sessions: number
  readonly visitors: number
  /** CPU time of the gateway for one request, in microseconds. */
  readonly micros: number
  readonly rounds: readonly number[]
}

/**
 * So many there are, and so many of them are used in turns: a thousand visitors who are there at the same time, and twice
 * as many as a gateway keeps in memory at most.
 */
const crowds = [
  { sessions: 1, visitors: 1 },
  { sessions: 100_000, visitors: 1000 },
  { sessions: 1_000_000, visitors: 1000 },
  { sessions: 1_000_000, visitors: 20_000 },
]

/** What a request costs when there are many sessions. */
export async function measureSessions(world: World, rounds: number): Promise<SessionsFigure[]> {
  const figures: SessionsFigure[] = []
  for (const storage of ['SQLite', 'Redis'] as const) {
    const cases: (Case & { sessions: number; visitors: number })[] = []
    for (const [index, { sessions, visitors }] of crowds.entries()) {
      const location =
        storage === 'SQLite' ? `sqlite:${join(world.folder, `${index}.db`)}` : await world.redis(index + 2)
      if (location === undefined) continue
      const tickets = await beginSessions(world, location, visitors)
      const more = sessions - visitors
      if (more > 0 && storage === 'SQLite') multiplySqlite(location.slice('sqlite:'.length), more)
      if (more > 0 && storage === 'Redis') await multiplyRedis(location, more)
      const server = await world.startGatewayAlone({ SESSION_STORE: location })
      const request = inTurn(world, tickets, fromScript({ server, cookie: '' }, '/api/messages/protected'))
      cases.push({ name: storage, server, request, sessions, visitors })
    }
    const measured = await inTurns(cases, { connections: 32, rounds })
    for (const [index, { sessions, visitors, server }] of cases.entries()) {
      const figure = measured[index]
      if (figure) figures.push({ storage, sessions, visitors, micros: figure.micros, rounds: figure.rounds })
      await server.stop()
    }
  }
  return figures
}

function inTurn(world: World, tickets: readonly string[], request: Request): Request {
  const cookies = tickets.map((ticket) => `${cookieName}=${ticket}`)
  const cookieFile = join(world.newFolder(), 'cookies')
  writeFileSync(cookieFile, `${cookies.join('\n')}\n`)
  const { Cookie: _, ...headers } = request.headers
  return { ...request, headers, cookies, cookieFile }
}
