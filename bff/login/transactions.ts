import type { CookieOptions, Request, RequestHandler } from 'express'
import type { Secret } from '../../shared/secret.ts'
import type { Config } from '../config.ts'
import { cookieValues } from '../session/cookie.ts'
import { createSeal } from '../session/seal.ts'

export interface Transactions {
  cookieName(slot: number): string
  /** The `state` of the transactions that a request has in a slot; there should be one at most. */
  states(req: Request, slot: number): string[]
  /** From here on the library sets these cookies sealed, and it sees of the request's cookies nothing but them, open. */
  readonly forLibrary: RequestHandler
}

/**
 * The cookies of logins under way, one for each slot. Each holds the nonce, the state and the PKCE verifier of a login;
 * the library signs them, and whoever reads the browser's cookies reads the verifier. So they are sealed on their way
 * out, under their name, and opened on their way in. One that does not open was not set by us, and is none: a sibling
 * host's cannot get in the way.
 */
export function createTransactions(
  config: Config,
  secrets: readonly Secret[],
  slots: readonly number[],
): Transactions {
  const cookieName = (slot: number) => `${config.secure ? '__Host-' : ''}login-${slot}-${config.port}`
  const names = slots.map(cookieName)
  const ring = secrets.map((secret) => secret.reveal())
  const seal = createSeal(ring, 'login')

  // The state has been in the provider's address and may be long: it goes beside what is sealed, which five of would
  // otherwise be more than a request may have. The library's signature still covers it.
  const close = (name: string, value: string) => {
    const state = stateIn(value)
    const rest = seal.seal(name, value.replace(`"${state}"`, '""'))
    return `${Buffer.from(rest).toString('base64url')}.${state}`
  }
  const opened = (cookies: string | undefined, name: string) =>
    cookieValues(cookies, name).flatMap((value) => {
      const [sealed = '', state = ''] = value.split('.')
      try {
        const rest = seal.open(name, Buffer.from(sealed, 'base64url'))
        return rest === undefined ? [] : [rest.replace('""', () => JSON.stringify(state))]
      } catch {
        return []
      }
    })

  return {
    cookieName,
    states: ({ headers }, slot) => opened(headers.cookie, cookieName(slot)).map(stateIn),
    forLibrary: (req, res, next) => {
      // With a ticket it would take the session for its own: rewrite it, or clear the cookie of a visitor who merely
      // began a second login.
      const { cookie } = req.headers
      req.headers.cookie = names
        .flatMap((name) => opened(cookie, name).map((value) => `${name}=${encodeURIComponent(value)}`))
        .join('; ')
      const set = res.cookie.bind(res)
      res.cookie = ((name: string, value: string, options: CookieOptions) =>
        set(name, names.includes(name) && value !== '' ? close(name, value) : value, options)) as typeof set
      next()
    },
  }
}

/** The `state` in what the library puts into its cookie: a JSON text and a signature, which it checks, not we. */
const stateIn = (value: string): string => String(JSON.parse(value.slice(0, value.lastIndexOf('.'))).state)
