import express, { type Express } from 'express'
import { createIssuerKeys } from '../shared/issuer-keys.ts'
import type { Log } from '../shared/log.ts'
import type { Tracing } from '../shared/tracing.ts'
import { requireAccessToken } from './access-token.ts'
import { ApiError } from './api-error.ts'
import type { Config } from './config.ts'
import { descriptions } from './descriptions.ts'
import { answerErrors } from './errors.ts'
import { allowOrigin, securityHeaders } from './headers.ts'
import { addMessages } from './messages.ts'
import { allowMethods } from './methods.ts'
import type { Meters } from './metrics.ts'
import { limitCallers } from './rate-limit.ts'
import { requestLog } from './request-log.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

interface Parts {
  readonly log: Log
  readonly meters: Meters | undefined
  readonly tracing: Tracing | undefined
}

/** The messages API. It parses no body, reads no cookie and no query. */
export function createApp(config: Config, { log, meters, tracing }: Parts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('case sensitive routing', true)
  app.set('strict routing', true)
  app.set('query parser', false)
  const keys = createIssuerKeys(config.issuer, log)
  meters?.watchKeys(() => keys.ageSeconds())

  app.use(requestLog(log, config.trustGateway))
  if (meters) app.use(meters.measureRequests)
  if (tracing) app.use(tracing.traceRequests)
  app.use(securityHeaders)
  if (config.clientOrigin !== undefined) app.use(allowOrigin(config.clientOrigin))
  // In front of what is asked for less often: what a request passes on its way costs as much as what answers it.
  const identify = requireAccessToken(createVerifiedTokens(config, keys), limitCallers(config.rate))
  addMessages(app, identify, config.permissionsClaim)
  app.all(['/livez', '/readyz'], allowMethods)
  app.get('/livez', (_req, res) => {
    res.json({ status: 'ok' })
  })
  app.get('/readyz', async (_req, res) => {
    // Not unready while the issuer is away: known keys go on, and every other API would be in the same state.
    const isReached = await keys.ready()
    res.json(isReached ? { status: 'ok' } : { status: 'degraded', failed: ['identity provider'] })
  })
  app.use(descriptions(config))
  app.use((_req, _res, next) => next(new ApiError(404, 'No such route')))
  app.use(answerErrors(log, meters))
  return app
}
