import { type Figure, inTurns } from '../rounds.ts'
import type { World } from '../world.ts'
import { names, requestCases } from './requests.ts'

const compared: readonly string[] = [
  names.nginx,
  names.bare,
  names.express,
  names.apache,
  names.naive,
  names.sqlite,
  names.redis,
  names.page,
]

export interface ConnectionsFigures {
  readonly connections: number
  readonly figures: readonly Figure[]
}

/** What a request costs, and how long it takes, from one client at a time to more than there are sockets for the API. */
export async function measureConnections(world: World, rounds: number): Promise<ConnectionsFigures[]> {
  const cases = (await requestCases(world, false)).filter(({ name }) => compared.includes(name))
  const results: ConnectionsFigures[] = []
  for (const connections of [1, 32, 128]) {
    results.push({ connections, figures: await inTurns(cases, { connections, rounds }) })
  }
  return results
}
