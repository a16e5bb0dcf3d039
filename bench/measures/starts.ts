import { load } from '../load.ts'
import { residentMemory } from '../processes.ts'
import { median } from '../statistics.ts'
import { fromScript, here, type World } from '../world.ts'

export interface StartFigure {
  readonly name: string
  /** From its start until it serves, in milliseconds. */
  readonly start: number
  /** Megabytes, when it serves and nobody has asked for anything. */
  readonly idle: number
  /** After 20 seconds of load at 32 connections. */
  readonly loaded: number
}

/** How long programs take to start, and what they take up. */
export async function measureStarts(world: World, rounds: number): Promise<StartFigure[]> {
  const redis = await world.redis(1)
  const bare = () => world.startBaseline('bare-proxy', { API_SERVER_URL: world.api.url })
  const gateway = (settings: Readonly<Record<string, string>>) => () => world.startGatewayAlone(settings)
  const subjects = [
    { name: 'bare Node proxy', begin: bare, enter: false },
    { name: 'messages API', begin: () => world.startApi(here), enter: false },
    { name: 'Cloakroom, SQLite', begin: gateway({}), enter: true },
    ...(redis === undefined
      ? []
      : [{ name: 'Cloakroom, Redis', begin: gateway({ SESSION_STORE: redis }), enter: true }]),
  ]
  const figures: StartFigure[] = []
  for (const { name, begin, enter } of subjects) {
    const starts: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const startedAt = performance.now()
      const server = await begin()
      starts.push(performance.now() - startedAt)
      await server.stop()
    }
    const server = await begin()
    const idle = residentMemory(server.pids())
    const path = '/api/messages/public'
    const request = enter
      ? fromScript(await world.enter(server), path)
      : { url: server.url + path, headers: {} }
    await load(request, { connections: 32, seconds: 20 })
    figures.push({ name, start: median(starts), idle, loaded: residentMemory(server.pids()) })
    await server.stop()
  }
  return figures
}
