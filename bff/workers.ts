import cluster, { type Worker } from 'node:cluster'
import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../shared/log.ts'
import { PartEndedError } from '../shared/program.ts'
import type { Config } from './config.ts'

/** Milliseconds from the end of a worker to its successor: one that ends at once must not take all the time there is. */
const pause = 1000
/** Longer than a worker takes to let its requests finish, in milliseconds. One that is still there hangs. */
const patience = 15_000

/** How a worker ended, or why it never began. */
type End = { pid: number | undefined; code: number | null; signal: string | null } | { err: unknown }

/**
 * The primary: it starts the workers, keeps their number, and serves nothing itself. Resolves when all of them serve; the
 * result lets them finish. Throws PartEndedError when one ends before that.
 */
export async function startWorkers(
  { workers: count, host, metricsPort: port }: Config,
  log: Log,
): Promise<() => Promise<void>> {
  const workers = new Map<Worker, Promise<End>>()
  const serving = new WeakSet<Worker>()
  let stopping = false

  /** Undefined when a new worker serves; its end when that comes before. */
  async function begin(): Promise<End | undefined> {
    const worker = cluster.fork()
    const ended = endOf(worker)
    workers.set(worker, ended)
    void ended.then(() => workers.delete(worker))
    const failed = await Promise.race([serves(worker), ended])
    if (failed) return failed
    serving.add(worker)
    void ended.then(replace)
    return undefined
  }

  async function replace(end: End): Promise<void> {
    if (stopping) return
    log.error(end, 'a worker ended; another one takes its place')
    await wait(pause)
    if (stopping) return
    // Whatever keeps it from serving, the others serve on.
    const failed = await begin().catch((err: unknown) => ({ err }))
    if (failed) void replace(failed)
  }

  async function first(): Promise<void> {
    const failed = await begin()
    if (failed) throw reasonOf(failed)
  }

  const stopMetrics =
    port === undefined
      ? undefined
      : await (await import('./worker-metrics.ts')).serveSums({ host, port, portSetting: 'BFF_METRICS_PORT' })
  // Alone: of a port in use, or a path that cannot be used, each of them would say the same.
  await first()
  await Promise.all(Array.from({ length: count - 1 }, first))
  log.info({ workers: [...workers.keys()].map((worker) => worker.process.pid) }, 'all workers serve')

  return async () => {
    stopping = true
    const finish = async (worker: Worker, ended: Promise<End>) => {
      const hanging = setTimeout(() => worker.kill('SIGKILL'), patience)
      // Not by a signal: Ctrl-C in a terminal has come to the worker as well, and a second one would mean "at once". One
      // that does not serve yet might not hear it, and has nothing to finish.
      if (serving.has(worker)) worker.send('stop', () => {})
      else worker.kill()
      await ended
      clearTimeout(hanging)
    }
    await Promise.all([...workers].map(([worker, ended]) => finish(worker, ended)))
    await stopMetrics?.()
  }
}

function endOf(worker: Worker): Promise<End> {
  const { pid } = worker.process
  return new Promise((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => resolve({ pid, code, signal }))
    // One that could not be started has no other end. Of one that just ends it says that it cannot be told anything.
    worker.on('error', (err) => worker.isDead() && resolve({ err }))
  })
}

const serves = (worker: Worker) =>
  new Promise<undefined>((resolve) => {
    worker.on('message', (message) => message === 'serving' && resolve(undefined))
  })

function reasonOf(end: End): unknown {
  if ('err' in end) return end.err
  return end.code
    ? new PartEndedError(end.code)
    : new Error(`A worker ended by ${end.signal} before it served`)
}
