import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { AggregatorRegistry, type Registry } from 'prom-client'
import { answerMetrics } from '../shared/metrics-server.ts'

/** How long the primary waits for a worker, in milliseconds; a worker waits for the storage for less. */
const patience = 2000

type Said = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** In a worker: says what it counts whenever the primary asks. */
export function answerPrimary(register: Registry, worker: Worker): void {
  worker.on('message', (message) => {
    if (message !== 'metrics') return
    void register.getMetricsAsJSON().then(
      (metrics) => worker.send({ metrics }, () => {}),
      () => {},
    )
  })
}

/**
 * In the primary: the port with what all workers say together. Not the library's own way to ask them: one that does not
 * answer would leave nothing of what the others say. Throws PortInUseError.
 */
export function serveSums(address: Parameters<typeof answerMetrics>[1]): Promise<() => Promise<void>> {
  /** What each worker that serves said last, by its id. */
  const last = new Map<number, Said>()
  // A sum that falls looks like a counter that began anew: all that the others have counted would count again.
  let ofEnded = Promise.resolve<Said>([])
  cluster.on('message', (worker, message: 'serving' | { readonly metrics: Said }) => {
    last.set(worker.id, message === 'serving' ? [] : message.metrics)
  })
  cluster.on('exit', ({ id }) => {
    const said = last.get(id) ?? []
    last.delete(id)
    ofEnded = ofEnded.then(async (before) => {
      const together = await AggregatorRegistry.aggregate([before, said]).getMetricsAsJSON()
      return together.filter(isCounted)
    })
  })
  const ask = async (id: number) => {
    const worker = cluster.workers?.[id]
    if (!worker) return
    const answered = once(worker, 'message', { signal: AbortSignal.timeout(patience) })
    worker.send('metrics', () => {})
    // Of one that hangs, what it said last.
    await answered.catch(() => {})
  }
  return answerMetrics(async () => {
    await Promise.all([...last.keys()].map(ask))
    return AggregatorRegistry.aggregate([await ofEnded, ...last.values()])
  }, address)
}

const isCounted = ({ type }: Said[number]) => ['counter', 'histogram'].includes(String(type))
