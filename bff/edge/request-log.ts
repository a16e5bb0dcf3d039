import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import type { Log } from '../../shared/log.ts'
import { type RequestTrace, traceOf } from '../../shared/trace-context.ts'

declare global {
  namespace Express {
    interface Locals {
      /** Names this request in the log, on error pages and towards the API. */
      requestId: string
      /** The same for everybody whom the request passes. */
      trace: RequestTrace
    }
  }
}

/**
 * One line per request, at its end. The path goes without its query: /callback carries the authorization
 * code there. Request ids of clients are not taken over: they could be used to forge or confuse log lines. So it is with
 * traces, but for those of a proxy that is trusted (TRUST_PROXY), which can begin one in front of us.
 */
export function requestLog(log: Log): RequestHandler {
  return (req, res, next) => {
    const requestId = randomUUID()
    const startedAt = performance.now()
    const trace = traceOf(isTrusted(req) ? req.headers.traceparent : undefined, requestId)
    const { traceId } = trace
    res.locals.requestId = requestId
    res.locals.trace = trace
    res.setHeader('X-Request-Id', requestId)
    const { method, path } = req
    res.on('close', () => {
      const milliseconds = Math.round(performance.now() - startedAt)
      const aborted = !res.writableFinished
      log.info({ requestId, traceId, method, path, status: res.statusCode, milliseconds, aborted }, 'request')
    })
    next()
  }
}

/** Whoever holds the other end of the connection, by the function that Express makes of `trust proxy`. */
function isTrusted({ app, socket }: Request): boolean {
  const trust: (address: string | undefined, hop: number) => boolean = app.get('trust proxy fn')
  return trust(socket.remoteAddress, 0)
}
