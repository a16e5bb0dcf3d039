import { load } from '../load.ts'
import { cpuTime } from '../processes.ts'
import { median } from '../statistics.ts'
import { fromScript, type Gateway, type World } from '../world.ts'

export interface WorkersFigure {
  readonly workers: number
  /** CPU time of all processes of the gateway for one request, in microseconds. */
  readonly micros: number
  /** Requests for each second of CPU time that the busiest process had: what it would serve with a core of its own. */
  readonly capacity: number
  readonly perSecond: number
}

/**
 * What workers are good for. Load generator, API and gateway share the cores of one machine here, so that requests per
 * second say more about these than about the gateway. What they leave out of account says the capacity: a process serves
 * until it has used a whole core, and the busiest one is the first to.
 */
export async function measureWorkers(world: World, rounds: number): Promise<WorkersFigure[]> {
  const measured: { workers: number; gateway: Gateway; results: Omit<WorkersFigure, 'workers'>[] }[] = []
  for (const workers of [1, 2]) {
    const gateway = await world.startGateway({ BFF_WORKERS: String(workers) })
    await measure(gateway, workers)
    measured.push({ workers, gateway, results: [] })
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { workers, gateway, results } of measured) results.push(await measure(gateway, workers))
  }
  return measured.map(({ workers, results }) => ({
    workers,
    micros: median(results.map(({ micros }) => micros)),
    capacity: median(results.map(({ capacity }) => capacity)),
    perSecond: median(results.map(({ perSecond }) => perSecond)),
  }))
}

/** Each process has as many connections as one has by itself. */
async function measure(gateway: Gateway, workers: number): Promise<Omit<WorkersFigure, 'workers'>> {
  const times = () => gateway.server.pids().map((pid) => [pid, cpuTime([pid])] as const)
  const before = new Map(times())
  const request = fromScript(gateway, '/api/messages/protected')
  const { requests, perSecond } = await load(request, { connections: 32 * workers, seconds: 2 })
  const used = times().map(([pid, micros]) => micros - (before.get(pid) ?? 0))
  const sum = used.reduce((all, each) => all + each, 0)
  return { micros: sum / requests, capacity: (requests / Math.max(...used)) * 1e6, perSecond }
}
