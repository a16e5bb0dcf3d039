import { join } from 'node:path'
import express, { type Express } from 'express'
import type { Provider } from 'oidc-provider'
import type { Log } from '../shared/log.ts'
import { avatars } from './avatars.ts'
import { parseBodies } from './body.ts'
import type { Config } from './config.ts'
import { answerErrors } from './errors.ts'
import type { Keys } from './keys.ts'
import { type RecordSecret, recordReceived } from './ledger.ts'
import { loginPages } from './login-pages.ts'
import { logout } from './logout.ts'
import { allowOfflineAccess } from './offline-access.ts'
import { requireIssuerHost, securityHeaders } from './security-headers.ts'
import { userinfo } from './userinfo.ts'
import { demoPassword, demoUsers, type Users } from './users.ts'
import type { Views } from './views.ts'

interface Parts {
  readonly provider: Provider
  readonly keys: Keys
  readonly users: Users
  readonly views: Views
  readonly record: RecordSecret | undefined
  readonly log: Log
}

/** The tenant: what Auth0 has and oidc-provider has not, then oidc-provider. */
export function createApp(config: Config, { provider, keys, users, views, record, log }: Parts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders(config))
  app.use(requireIssuerHost(config))
  app.use(express.static(join(import.meta.dirname, 'public'), { index: false }))
  app.use(avatars())
  app.get('/', (_req, res) => {
    res.send(views('home', { issuer: config.issuer, audience: config.audience, demoUsers, demoPassword }))
  })
  app.use(loginPages({ provider, users, views, log }))
  app.use(logout(provider))
  app.use(userinfo({ issuer: config.issuer, signing: keys.signing, users }))
  app.use(parseBodies())
  if (record) app.use(recordReceived(record))
  app.use(allowOfflineAccess())
  app.use(provider.callback())
  app.use(answerErrors(views, log))
  return app
}
