import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Case, type Figure, inTurns } from '../rounds.ts'
import { fromScript, type World } from '../world.ts'

const ours = { method: 'GET', path: '/api/messages/protected', token: 'visitor' }

/** What a table of so many routes costs; every tenth has a placeholder, and the one that is asked for is the last. */
export async function measureRoutes(world: World, rounds: number): Promise<Figure[]> {
  const cases: Case[] = []
  for (const count of [3, 1000]) {
    const others = Array.from({ length: count - 1 }, (_, index) => ({
      method: 'GET',
      path: index % 10 === 0 ? `/api/items-${index}/:id` : `/api/items-${index}`,
      token: 'none',
    }))
    const file = join(world.folder, `routes-${count}.json`)
    writeFileSync(file, JSON.stringify([...others, ours]))
    const gateway = await world.startGateway({ API_ROUTES: file })
    cases.push({ name: `${count} routes`, server: gateway.server, request: fromScript(gateway, ours.path) })
  }
  return inTurns(cases, { connections: 32, rounds })
}
