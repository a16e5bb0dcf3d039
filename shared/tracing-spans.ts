import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { Request, Response } from 'express'
import { methodOf, routeOf } from './route.ts'
import { parseTraceparent, type RequestTrace } from './trace-context.ts'

// What a span says is here, all of it: no query, no header, no text of an error.

export function beginServerSpan(
  tracer: Tracer,
  req: Request,
  { isTakenOver, traceparent }: RequestTrace,
): Span {
  const caller = isTakenOver ? parseTraceparent(traceparent) : undefined
  const parent = caller && { ...caller, traceFlags: Number(caller.sampled), isRemote: true }
  const method = methodOf(req)
  return tracer.startSpan(
    method,
    {
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': method, 'url.path': req.path, 'url.scheme': req.protocol },
    },
    parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT,
  )
}

export function endServerSpan(span: Span, req: Request, res: Response): void {
  const route = routeOf(req, res)
  if (route !== 'other') span.updateName(`${methodOf(req)} ${route}`).setAttribute('http.route', route)
  if (res.headersSent) span.setAttribute('http.response.status_code', res.statusCode)
  // What is wrong with a request is its sender's error, not this program's.
  if (res.statusCode >= 500) fail(span, String(res.statusCode))
  span.end()
}

export function beginCall(tracer: Tracer, method: string, address: URL, parent: Span | undefined): Span {
  const { origin, hostname, port, pathname, protocol } = address
  return tracer.startSpan(
    method,
    {
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': method,
        'server.address': hostname,
        'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
        'url.full': origin + pathname,
      },
    },
    parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT,
  )
}

export function endCall(span: Span, outcome: unknown): void {
  if (!span.isRecording()) return
  if (typeof outcome === 'number') span.setAttribute('http.response.status_code', outcome)
  if (typeof outcome !== 'number') fail(span, kindOf(outcome))
  else if (outcome >= 400) fail(span, String(outcome))
  span.end()
}

/** A code of the system's (ECONNREFUSED), or the name of an error: of its text nobody knows what is in it. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'canceled'
  const codes = [error, error.cause].map((each) => (each instanceof Error && 'code' in each ? each.code : ''))
  return codes.map(String).find((code) => /^[A-Z][A-Z_]+$/.test(code)) ?? error.name
}

const fail = (span: Span, type: string) =>
  span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR })

export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`
}
