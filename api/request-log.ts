import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { Log } from '../shared/log.ts'

declare global {
  namespace Express {
    interface Locals {
      requestId: string
    }
  }
}

/**
 * One line per request, at its end; the path without its query, where clients sometimes put tokens. A request
 * id that looks like one is taken over, so that the gateway's lines and ours can be laid side by side.
 */
export function requestLog(log: Log): RequestHandler {
  return (req, res, next) => {
    const given = req.headers['x-request-id']
    const requestId = typeof given === 'string' && /^[\w-]{8,64}$/.test(given) ? given : randomUUID()
    const startedAt = performance.now()
    res.locals.requestId = requestId
    res.setHeader('X-Request-Id', requestId)
    const { method, path } = req
    res.on('close', () => {
      const milliseconds = Math.round(performance.now() - startedAt)
      log.info({ requestId, method, path, status: res.statusCode, milliseconds }, 'request')
    })
    next()
  }
}
