import express, { type Express } from 'express'
import type { Log } from '../shared/log.ts'
import { requireAccessToken } from './access-token.ts'
import { ApiError } from './api-error.ts'
import type { Config } from './config.ts'
import { answerErrors } from './errors.ts'
import { allowOrigin, securityHeaders } from './headers.ts'
import { createKeys } from './keys.ts'
import { messages } from './messages.ts'
import { requestLog } from './request-log.ts'

/** The messages API. It parses no body, reads no cookie and no query. */
export function createApp(config: Config, log: Log): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('case sensitive routing', true)
  app.set('strict routing', true)
  app.set('query parser', false)
  const keys = createKeys(config.issuer)

  app.use(requestLog(log))
  app.use(...securityHeaders)
  app.use(allowOrigin(config.clientOrigin))
  app.get('/livez', (_req, res) => {
    res.json({ status: 'ok' })
  })
  app.get('/readyz', async (_req, res) => {
    await keys.ready()
    res.json({ status: 'ok' })
  })
  app.use(messages(requireAccessToken(config, keys)))
  app.use((_req, _res, next) => next(new ApiError(404, 'No such route')))
  app.use(answerErrors(log))
  return app
}
