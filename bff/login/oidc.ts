import { randomBytes } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import eoc from 'express-openid-connect'
import type { Secret } from '../../shared/secret.ts'
import type { Config } from '../config.ts'
import { ticketCookie } from '../session/cookie.ts'
import { newTicket } from '../session/ticket.ts'
import type { TicketStore } from '../session/ticket-store.ts'
import { createTransactions } from './transactions.ts'

/**
 * express-openid-connect keeps the transaction (nonce, state, PKCE verifier) of one login in one cookie:
 * two tabs that log in at once would destroy each other's. So there are several instances that differ in
 * the name of that cookie; `state` says which one a callback belongs to. Five bound what a browser keeps: a sixth
 * login takes the place of the one that was begun first.
 */
const slots = [0, 1, 2, 3, 4] as const

export interface LoginState {
  readonly returnTo: string
  readonly slot: number
  /** Milliseconds since 1970. */
  readonly begunAt: number
}

export interface Oidc {
  /** Prepares req.oidc and res.oidc for a new login, in a free slot or in that of the oldest login. */
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
  secrets: readonly Secret[],
  beforeSaving: BeforeSaving,
): Oidc {
  const { host } = new URL(config.baseUrl)
  const transactions = createTransactions(config, secrets, slots)
  const instances = slots.map((slot) =>
    createInstance(config, store, secrets, beforeSaving, slot, transactions.cookieName(slot)),
  )

  const run =
    (slot: number): RequestHandler =>
    (req, res, next) => {
      // It must not see what says that the request was forwarded: it would make an address of that, whoever says it.
      for (const name of ['x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto'])
        delete req.headers[name]
      req.headers.host = host
      transactions.forLibrary(req, res, () => instances[slot]?.(req, res, next))
    }

  return {
    forLogin: (req, res, next) => {
      // A free one is as old as it gets, and so is one that says nothing.
      const begunAt = (slot: number) => decodeState(transactions.states(req, slot)[0])?.begunAt ?? 0
      const [oldest = 0] = slots.toSorted((a, b) => begunAt(a) - begunAt(b))
      void run(oldest)(req, res, next)
    },
    forCallback: run,
    openTransaction: (req) => {
      const state = decodeState(req.query.state)
      const [begun, second] = state ? transactions.states(req, state.slot) : []
      // The library would use up the transaction of another tab that has the slot by now (the Back button).
      const isOurs = second === undefined && begun === req.query.state
      return isOurs ? state : undefined
    },
  }
}

/** `state` as the browser brings it back: untrusted, its returnTo included. */
export function decodeState(state: unknown): LoginState | undefined {
  if (typeof state !== 'string') return undefined
  try {
    const { returnTo, slot, begunAt } = JSON.parse(Buffer.from(state, 'base64url').toString())
    const isState = typeof returnTo === 'string' && slots.includes(slot) && typeof begunAt === 'number'
    return isState ? { returnTo, slot, begunAt } : undefined
  } catch {
    return undefined
  }
}

function createInstance(
  config: Config,
  store: TicketStore,
  secrets: readonly Secret[],
  beforeSaving: BeforeSaving,
  slot: number,
  transactionCookie: string,
): RequestHandler {
  const { name, attributes } = ticketCookie(config)
  return eoc.auth({
    issuerBaseURL: config.provider.issuer,
    baseURL: config.baseUrl,
    clientID: config.provider.clientId,
    clientSecret: config.provider.clientSecret.reveal(),
    clientAuthMethod: 'client_secret_post',
    secret: secrets.map((secret) => secret.reveal()),
    authorizationParams: {
      response_type: 'code',
      scope: config.provider.scope,
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
      cookie: { httpOnly: true, secure: config.secure, sameSite: 'Strict', path: attributes.path ?? '/' },
    },
    transactionCookie: { name: transactionCookie, sameSite: 'Lax' },
    legacySameSiteCookie: false,
    enableTelemetry: false,
    httpTimeout: 5000,
    // The random part makes every state unguessable; by itself it would be the same for all visitors.
    getLoginState: (_req, { returnTo }) => {
      const state: LoginState = { returnTo: returnTo ?? '/', slot, begunAt: Date.now() }
      return { ...state, salt: randomBytes(16).toString('base64url') }
    },
    afterCallback: async (req, res, session) => {
      await beforeSaving(res as Response, session.id_token)
      return { ...session, userAgent: req.headers['user-agent'] ?? '' }
    },
  })
}
