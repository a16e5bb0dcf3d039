import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import type { Request } from '../load.ts'
import { startNginx } from '../others/nginx.ts'
import { cpuTime, residentMemory } from '../processes.ts'
import type { Server } from '../server.ts'
import { median } from '../statistics.ts'
import { fromScript, type World } from '../world.ts'

export interface BodyFigure {
  readonly name: string
  readonly bytes: number
  /** CPU time of the server for one answer, in milliseconds. */
  readonly milliseconds: number
  /** How much more memory it had at most while the answer went through, in megabytes. */
  readonly growth: number
}

const sizes = [1e3, 1e4, 1e5, 1e6, 1e8, 1e9]
const type = 'application/octet-stream'

/** What an answer costs by its size. In ours it belongs to somebody who is logged in, and is searched for the token. */
export async function measureBodies(world: World, rounds: number): Promise<BodyFigure[]> {
  const api = await world.startBaseline('bytes')
  const upstream = { API_SERVER_URL: api.url }
  const routes = join(world.folder, 'bytes.json')
  writeFileSync(
    routes,
    JSON.stringify([{ method: 'GET', path: '/api/bytes/:size', token: 'visitor', answers: [type] }]),
  )
  const bare = await world.startBaseline('bare-proxy', upstream)
  const nginx = await startNginx({ folder: world.newFolder(), port: await world.freePort(), apiUrl: api.url })
  const gateway = await world.startGateway({ ...upstream, API_ROUTES: routes })
  const plain = (server: Server) => (path: string) => ({ url: server.url + path, headers: {} })
  const subjects = [
    { name: 'bare Node proxy', server: bare, ask: plain(bare) },
    ...(nginx ? [{ name: 'nginx', server: world.keep(nginx), ask: plain(nginx) }] : []),
    { name: 'Cloakroom', server: gateway.server, ask: (path: string) => fromScript(gateway, path) },
  ]
  const figures: BodyFigure[] = []
  for (const bytes of sizes) {
    const results = new Map(subjects.map((each) => [each, [] as Omit<BodyFigure, 'name' | 'bytes'>[]]))
    const times = Math.min(1000, Math.max(1, 1e8 / bytes))
    // One round more than counts: with the first each of them grows to what it needs.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [{ server, ask }, found] of results) {
        const result = await measure(server, ask(`/api/bytes/${bytes}`), times)
        if (round > 0) found.push(result)
      }
    }
    for (const [{ name }, found] of results) {
      const milliseconds = median(found.map((each) => each.milliseconds))
      figures.push({ name, bytes, milliseconds, growth: Math.max(...found.map((each) => each.growth)) })
    }
  }
  return figures
}

/** One after the other: the size is the question, not the crowd. */
async function measure(server: Server, request: Request, times: number) {
  const memory = residentMemory(server.pids())
  let most = memory
  const look = setInterval(() => {
    most = Math.max(most, residentMemory(server.pids()))
  }, 50)
  const before = cpuTime(server.pids())
  try {
    for (let count = 0; count < times; count += 1) await download(request)
  } finally {
    clearInterval(look)
  }
  const milliseconds = (cpuTime(server.pids()) - before) / 1000 / times
  return { milliseconds, growth: most - memory }
}

function download({ url, headers }: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${url}: ${answer.statusCode}`))
      answer.resume().on('end', resolve).on('error', reject)
    })
    request.on('error', reject)
  })
}
