import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler } from 'express'
import { KeysOutOfReachError } from '../shared/issuer-keys.ts'
import type { Log } from '../shared/log.ts'
import { ApiError } from './api-error.ts'
import type { Meters } from './metrics.ts'

/** Where every error ends: JSON for all of them, and one log line. */
export function answerErrors(log: Log, meters: Meters | undefined): ErrorRequestHandler {
  return (thrown: unknown, _req, res, next) => {
    const error = asApiError(thrown)
    const { requestId } = res.locals
    if (error.status >= 500) log.error({ requestId, err: error }, 'request failed')
    else log.info({ requestId, status: error.status, reason: error.message }, 'request refused')
    if (error.denial !== undefined) meters?.denied(error.denial)
    if (res.headersSent) return next(thrown)

    if (error.challenge !== undefined) res.setHeader('WWW-Authenticate', error.challenge)
    if (error.retryAfter !== undefined) res.setHeader('Retry-After', error.retryAfter)
    res.status(error.status).json(error.body ?? { message: STATUS_CODES[error.status] })
  }
}

/** Express throws errors with a 4xx status for paths it cannot decode; anything unknown is a bug of ours. */
function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  // An outage is no reason to call a token bad: whoever is logged in would be thrown out.
  if (error instanceof KeysOutOfReachError) {
    const body = { message: 'Unable to verify credentials' }
    return new ApiError(503, error.message, { cause: error.cause, body, retryAfter: 5 })
  }
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
  const message = error instanceof Error ? error.message : String(error)
  return new ApiError(status >= 400 && status < 500 ? status : 500, message, { cause: error })
}
