import { AsyncLocalStorage } from 'node:async_hooks'
import type { Span } from '@opentelemetry/api'
import type { RequestHandler } from 'express'
import type { Log } from './log.ts'
import { parseTraceparent, randomHex, type TraceContext } from './trace-context.ts'
import { openExport } from './tracing-export.ts'
import { beginCall, beginServerSpan, endCall, endServerSpan, traceparentOf } from './tracing-spans.ts'

/** A request of ours to another program. */
export interface Call {
  /** For its headers. */
  readonly traceparent: string
  /** With the status of the answer, what was thrown in its place, or nothing: nobody waits any more. The first time counts. */
  end(outcome: unknown): void
}

export interface Tracing {
  /** A span for each request, behind the request log. */
  readonly traceRequests: RequestHandler
  /** Begins a span for a request to another program, within the span of the request that is being served. */
  call(method: string, address: string | URL): Call
  /** Sends what has not been sent yet, or gives up. */
  stop(): Promise<void>
}

/**
 * Spans made by hand, at the few places where a request comes in or goes out: libraries that hook into others to do so
 * would see headers, cookies and bodies. What a span says is in tracing-spans.ts.
 */
export function openTracing(service: string, endpoint: string, log: Log): Tracing {
  const serving = new AsyncLocalStorage<Span>()
  let own: TraceContext | undefined
  const { provider, stop } = openExport(service, endpoint, log, {
    generateTraceId: () => own?.traceId ?? randomHex(),
    generateSpanId: () => own?.spanId ?? randomHex().slice(0, 16),
  })
  const tracer = provider.getTracer('cloakroom')

  return {
    traceRequests: (req, res, next) => {
      // The library asks for ids while it begins the span. A trace that begins here has those that are in the log, and
      // that go on to the API.
      own = res.locals.trace.isTakenOver ? undefined : parseTraceparent(res.locals.trace.traceparent)
      const span = beginServerSpan(tracer, req, res.locals.trace)
      own = undefined
      res.on('close', () => endServerSpan(span, req, res))
      serving.run(span, next)
    },
    call: (method, address) => {
      const span = beginCall(tracer, method, new URL(address), serving.getStore())
      return { traceparent: traceparentOf(span), end: (outcome) => endCall(span, outcome) }
    },
    stop,
  }
}
