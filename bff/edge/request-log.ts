import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { Log } from '../../shared/log.ts'

declare global {
  namespace Express {
    interface Locals {
      /** Names this request in the log, on error pages and towards the API. */
      requestId: string
    }
  }
}

/**
 * One line per request, at its end. The path goes without its query: /callback carries the authorization
 * code there. Request ids of clients are not taken over: they could be used to forge or confuse log lines.
 */
export function requestLog(log: Log): RequestHandler {
  return (req, res, next) => {
    const requestId = randomUUID()
    const startedAt = performance.now()
    res.locals.requestId = requestId
    res.setHeader('X-Request-Id', requestId)
    const { method, path } = req
    res.on('close', () => {
      const milliseconds = Math.round(performance.now() - startedAt)
      const aborted = !res.writableFinished
      log.info({ requestId, method, path, status: res.statusCode, milliseconds, aborted }, 'request')
    })
    next()
  }
}
