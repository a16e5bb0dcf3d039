import { type NextFunction, type Request, type Response, Router } from 'express'
import type { Secret } from '../../shared/secret.ts'
import type { Config } from '../config.ts'
import { sendOnward } from '../edge/onward.ts'
import { refuseMethod } from '../edge/refuse-method.ts'
import { localPath } from '../edge/return-to.ts'
import type { Meters } from '../metrics.ts'
import { ticketCookie, ticketIn } from '../session/cookie.ts'
import type { Provider } from '../session/provider.ts'
import type { Sessions } from '../session/sessions.ts'
import { TicketStore } from '../session/ticket-store.ts'
import { checkIdToken } from './id-token.ts'
import { asLoginError, lostLogin, shownOutcome } from './login-errors.ts'
import { logout } from './logout.ts'
import { createOidc, decodeState } from './oidc.ts'
import type { VerifyToken } from './provider-tokens.ts'

declare global {
  namespace Express {
    interface Locals {
      earlierTicket?: string | undefined
    }
  }
}

interface Parts {
  readonly config: Config
  readonly sessions: Sessions
  readonly provider: Provider
  readonly secrets: readonly Secret[]
  readonly verify: VerifyToken
  readonly meters: Meters | undefined
}

/** /login, /signup, /callback and /logout: the only routes that express-openid-connect is mounted on. */
export function loginRoutes({ config, sessions, provider, secrets, verify, meters }: Parts): Router {
  const cookie = ticketCookie(config)
  const beforeSaving = async (res: Response, idToken: string) => {
    // First of all: who cannot be shown to be somebody ends nobody's session.
    await checkIdToken(idToken, verify, config.provider.clientId)
    // The ticket from before the login is worthless after it, whoever logged in (ASVS 7.2.4).
    if (res.locals.earlierTicket) await sessions.end(res.locals.earlierTicket, 'new login')
  }
  const oidc = createOidc(config, new TicketStore(sessions), secrets, beforeSaving)
  const router = Router({ caseSensitive: true, strict: true })

  for (const [path, hint] of [
    ['/login', {}],
    ['/signup', { screen_hint: 'signup' }],
  ] as const) {
    router.get(path, refuseHead, oidc.forLogin, async (req, res) => {
      const returnTo = localPath(req.query.returnTo, config.baseUrl)
      // The only parameter taken from the address: asking for the password again can do no harm.
      const prompt = req.query.prompt === 'login' && { prompt: 'login' }
      await res.oidc.login({ returnTo, authorizationParams: { ...hint, ...prompt } })
      meters?.login('begun')
    })
  }

  router.get('/callback', refuseHead, async (req, res, next) => {
    const outcome = shownOutcome(req.query, config.baseUrl)
    if (outcome) throw outcome
    const ticket = ticketIn(req.headers.cookie, cookie.name)
    const login = oidc.openTransaction(req)
    if (login) {
      res.locals.earlierTicket = ticket
      oidc.forCallback(login.slot)(req, res, next)
      return
    }
    // A used or foreign state: the Back button, a reload, a login finished elsewhere. Nothing is redeemed.
    const page = localPath(decodeState(req.query.state)?.returnTo, config.baseUrl)
    if (await sessions.find(ticket)) return res.redirect(303, page)
    meters?.login('lost')
    throw lostLogin(page)
  })
  router.get('/callback', async (req, res) => {
    // A browser that does not say where requests come from was not asked to come again (edge/cross-site.ts). After a
    // redirect it would not send the new ticket, and be sent to log in for ever.
    if (req.headers['sec-fetch-site'] === undefined)
      res.redirect = (address) => sendOnward(res, String(address))
    await res.oidc.callback({ redirectUri: `${config.baseUrl}/callback` })
  })

  router.post('/logout', logout({ config, sessions, provider }))

  router.all(['/login', '/signup', '/callback'], refuseMethod('GET'))
  router.all('/logout', refuseMethod('POST'))
  // Who has no session gets no ticket: the login library would send one along with the storage's error.
  router.use((error: unknown, req: Request, _res: Response, next: NextFunction) => {
    Reflect.set(req, cookie.name, undefined)
    next(error)
  })
  router.use(asLoginError(config.baseUrl, meters))
  return router
}

/** Express answers HEAD by GET's handler, which here would start a login or use up the code. */
function refuseHead(req: Request, res: Response, next: NextFunction): void {
  if (req.method === 'HEAD') refuseMethod('GET')(req, res, next)
  else next()
}
