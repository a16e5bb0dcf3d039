import type { RequestHandler } from 'express'
import { type Aggregator, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { methodOf, routeOf } from './route.ts'

/** Seconds; from a page out of memory to the longest that an API may take. */
export const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What Node and the system say of the process. Each program has its own registry, none is global. */
export function createRegistry(): Registry {
  const register = new Registry()
  collectDefaultMetrics({ register })
  return register
}

/**
 * Counts what happens by one label that has these values and no other. All of them are there from the start, with 0: a
 * value that appears with its first event is one that no alert sees rise.
 */
export function countBy<Value extends string>(
  register: Registry,
  { name, help, label, values }: { name: string; help: string; label: string; values: readonly Value[] },
): (value: Value, times?: number) => void {
  const counter = new Counter({ name, help, labelNames: [label], registers: [register] })
  for (const value of values) counter.inc({ [label]: value }, 0)
  return (value, times = 1) => counter.inc({ [label]: value }, times)
}

/**
 * A value that is looked up whenever somebody asks; while it is undefined, there is none. `aggregator`: what several
 * processes say together.
 */
export function lookUp(
  register: Registry,
  { name, help, aggregator = 'sum' }: { name: string; help: string; aggregator?: Aggregator },
  value: () => number | undefined | Promise<number | undefined>,
): void {
  new Gauge({
    name,
    help,
    aggregator,
    registers: [register],
    async collect() {
      const now = await value()
      if (now === undefined) this.remove()
      else this.set(now)
    },
  })
}

/** 1 if the check goes well within so many milliseconds, else 0. */
export async function answersIn(check: () => Promise<void>, milliseconds: number): Promise<number> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<number>((resolve) => {
    timer = setTimeout(resolve, milliseconds, 0)
  })
  const answer = check().then(
    () => 1,
    () => 0,
  )
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/** How many requests there are, what becomes of them and how long each takes, to the end of its answer. */
export function measureRequests(register: Registry): RequestHandler {
  const durations = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Requests by what became of them, and how long each took, to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets,
    registers: [register],
  })
  const active = new Gauge({
    name: 'http_server_active_requests',
    help: 'Requests that are being served, open event streams among them',
    registers: [register],
  })
  return (req, res, next) => {
    const startedAt = performance.now()
    active.inc()
    res.on('close', () => {
      active.dec()
      // Who has gone before there was an answer got none, though it would have been 200 so far.
      const status = res.headersSent ? res.statusCode : 'none'
      const labels = { method: methodOf(req), route: routeOf(req, res), status }
      durations.observe(labels, (performance.now() - startedAt) / 1000)
    })
    next()
  }
}
