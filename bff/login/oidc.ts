import { randomBytes, randomInt } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import eoc from 'express-openid-connect'
import type { Config } from '../config.ts'
import { cookieValues, ticketCookie } from '../session/cookie.ts'
import { newTicket } from '../session/ticket.ts'
import type { TicketStore } from '../session/ticket-store.ts'

/**
 * express-openid-connect keeps the transaction (nonce, state, PKCE verifier) of one login in one cookie:
 * two tabs that log in at once would destroy each other's. So there are several instances that differ in
 * the name of that cookie; `state` says which one a callback belongs to. Five bound what a browser keeps.
 */
const slots = [0, 1, 2, 3, 4] as const

export interface LoginState {
  readonly returnTo: string
  readonly slot: number
}

export interface Oidc {
  /** Prepares req.oidc and res.oidc for a new login, in a slot that no other tab uses if there is one. */
  readonly forLogin: RequestHandler
  /** The same for the slot of a callback. */
  forCallback(slot: number): RequestHandler
  /** What a callback's `state` says, if its transaction is open in this browser. */
  openTransaction(req: Request): LoginState | undefined
}

type BeforeSaving = (res: Response, idToken: string) => Promise<void>

/** `beforeSaving` runs when the provider has answered; what it throws keeps the session from coming to be. */
export function createOidc(
  config: Config,
  store: TicketStore,
  secrets: readonly string[],
  beforeSaving: BeforeSaving,
): Oidc {
  const cookieName = (slot: number) => `${config.secure ? '__Host-' : ''}login-${slot}-${config.port}`
  const instances = slots.map((slot) =>
    createInstance(config, store, secrets, beforeSaving, slot, cookieName(slot)),
  )
  const isOpen = (req: Request, slot: number) =>
    cookieValues(req.headers.cookie, cookieName(slot)).length === 1

  const run =
    (slot: number): RequestHandler =>
    (req, res, next) => {
      // It sees its transaction cookies only. With a ticket it would take the session for its own: rewrite
      // it, or clear the cookie of a visitor who merely began a second login. And no cookie that a sibling
      // host has set can get in its way.
      const cookies = req.headers.cookie
      req.headers.cookie = slots
        .flatMap((other) =>
          cookieValues(cookies, cookieName(other)).map((value) => `${cookieName(other)}=${value}`),
        )
        .join('; ')
      instances[slot]?.(req, res, next)
    }

  return {
    forLogin: (req, res, next) => {
      const free = slots.find((slot) => !isOpen(req, slot)) ?? randomInt(slots.length)
      void run(free)(req, res, next)
    },
    forCallback: run,
    openTransaction: (req) => {
      const state = decodeState(req.query.state)
      return state && isOpen(req, state.slot) ? state : undefined
    },
  }
}

/** `state` as the browser brings it back: untrusted, its returnTo included. */
export function decodeState(state: unknown): LoginState | undefined {
  if (typeof state !== 'string') return undefined
  try {
    const { returnTo, slot } = JSON.parse(Buffer.from(state, 'base64url').toString())
    return typeof returnTo === 'string' && slots.includes(slot) ? { returnTo, slot } : undefined
  } catch {
    return undefined
  }
}

function createInstance(
  config: Config,
  store: TicketStore,
  secrets: readonly string[],
  beforeSaving: BeforeSaving,
  slot: number,
  transactionCookie: string,
): RequestHandler {
  const { name, attributes } = ticketCookie(config)
  return eoc.auth({
    issuerBaseURL: config.provider.issuer,
    baseURL: config.baseUrl,
    clientID: config.provider.clientId,
    clientSecret: config.provider.clientSecret,
    clientAuthMethod: 'client_secret_post',
    secret: [...secrets],
    authorizationParams: {
      response_type: 'code',
      scope: 'openid profile email offline_access',
      audience: config.provider.audience,
      redirect_uri: `${config.baseUrl}/callback`,
    },
    authRequired: false,
    // The routes are ours; these would add a GET /logout that any page could link to.
    routes: { login: false, logout: false, callback: false },
    session: {
      name,
      store,
      genid: newTicket,
      rolling: false,
      absoluteDuration: config.session.absoluteSeconds,
      cookie: { httpOnly: true, secure: config.secure, sameSite: 'Lax', path: attributes.path ?? '/' },
    },
    transactionCookie: { name: transactionCookie, sameSite: 'Lax' },
    legacySameSiteCookie: false,
    enableTelemetry: false,
    httpTimeout: 5000,
    // The random part makes every state unguessable; by itself it would be the same for all visitors.
    getLoginState: (_req, { returnTo }) => ({ returnTo, slot, salt: randomBytes(16).toString('base64url') }),
    afterCallback: async (req, res, session) => {
      await beforeSaving(res as Response, session.id_token)
      return { ...session, userAgent: req.headers['user-agent'] ?? '' }
    },
  })
}
