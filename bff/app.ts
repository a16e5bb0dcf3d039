import express, { type Express } from 'express'
import type { Log } from '../shared/log.ts'
import type { Secret } from '../shared/secret.ts'
import type { Tracing } from '../shared/tracing.ts'
import type { Config } from './config.ts'
import { guardFromOtherSites } from './edge/cross-site.ts'
import { answerErrors } from './edge/errors.ts'
import { addHealth } from './edge/health.ts'
import { refusePrefetch } from './edge/prefetch.ts'
import { limitLogins } from './edge/rate-limit.ts'
import { setRequestKind } from './edge/request-kind.ts'
import { requestLog } from './edge/request-log.ts'
import { refuseAmbiguous } from './edge/request-target.ts'
import { securityHeaders } from './edge/security-headers.ts'
import { proxyRoutes } from './gateway/proxy.ts'
import type { Route } from './gateway/routes.ts'
import { HttpError } from './http-error.ts'
import { addBackchannelLogout } from './login/backchannel-logout.ts'
import { loginRoutes } from './login/login.ts'
import { createTokenVerifier } from './login/provider-tokens.ts'
import type { Meters } from './metrics.ts'
import { assets } from './pages/assets.ts'
import { createPages } from './pages/pages.ts'
import { sessionRoutes } from './pages/session-routes.ts'
import { useViews } from './pages/views.ts'
import { formTokens } from './session/form-token.ts'
import type { WholeProvider } from './session/provider.ts'
import type { Sessions } from './session/sessions.ts'
import type { Count } from './session/storage.ts'
import { guardTokens } from './session/token-guard.ts'
import { findVisitor } from './session/visitor.ts'

export interface Parts {
  readonly sessions: Sessions
  readonly provider: WholeProvider
  /** The ring that seals the sessions also signs the transaction cookies of a login. Newest first. */
  readonly secrets: readonly Secret[]
  /** What of the API is to be reached, and how. */
  readonly routes: readonly Route[]
  readonly log: Log
  readonly isStopping: () => boolean
  /** Counts that all gateways on the storage share, if it has any. */
  readonly count: Count | undefined
  /** Undefined: nothing is measured, and nothing traced. */
  readonly meters: Meters | undefined
  readonly tracing: Tracing | undefined
}

/**
 * The gateway. The order below is the security design: what stands higher holds for everything beneath it.
 * No page and no proxied request passes through the login library; nothing is reachable that no line names.
 */
export function createApp(
  config: Config,
  { sessions, provider, secrets, routes, log, isStopping, count, meters, tracing }: Parts,
): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('trust proxy', [...config.trustProxy])
  app.set('case sensitive routing', true)
  app.set('strict routing', true)
  // A query value is a string or a list of strings, never an object of the client's making.
  app.set('query parser', 'simple')
  useViews(app, config)

  app.use(requestLog(log))
  if (meters) app.use(meters.measureRequests)
  if (tracing) app.use(tracing.traceRequests)
  app.use(securityHeaders(config, () => provider.formTargets()))
  app.use(setRequestKind)
  addHealth(app, { checkStorage: () => sessions.check(), isStopping, log })
  app.use(assets())
  // Health checks come in front, because who makes them does not know our name; and assets, because the page that says so
  // needs its style. Both go by a fixed list of paths.
  app.use(refuseAmbiguous(config.baseUrl))
  // In front of everything that has to do with sessions, so that nothing it does can show a token.
  if (config.tokenGuard) app.use(guardTokens(app, meters))

  const verify = createTokenVerifier(config.provider, log, meters)
  // In front of the next line, because a server calls it, which has no Origin to show. No cookie counts there, so
  // there is nothing that another site could make a browser do: what proves the caller is its signature.
  addBackchannelLogout(app, { config, sessions, verify, log, meters })
  app.use(guardFromOtherSites(config.baseUrl))

  app.use(proxyRoutes({ config, sessions, routes, meters, tracing }))
  // What changes something beneath is a form of one of our pages.
  app.use(formTokens(config, secrets))
  app.get(['/login', '/signup', '/callback'], refusePrefetch)
  // Not for logout tokens: all users' come from the provider's one address, and one that is lost leaves a session
  // open. A forged one costs a signature check and no call to anybody.
  app.get(['/login', '/signup', '/callback'], limitLogins({ rate: config.loginRate, count, log }))
  app.use(loginRoutes({ config, sessions, provider, secrets, verify, meters }))
  app.use(sessionRoutes(config, sessions))
  app.use(findVisitor(sessions.find, config), createPages(config, meters, tracing))

  app.use((_req, _res, next) => next(new HttpError(404, 'No such page')))
  app.use(answerErrors({ baseUrl: config.baseUrl, log, meters }))
  return app
}
