import { callbackify } from 'node:util'
import session from 'express-session'
import { decodeJwt } from 'jose'
import type { Claims } from './session.ts'
import type { Sessions } from './sessions.ts'
import { noteTokens } from './tokens-in-hand.ts'

/** What express-openid-connect wants to save after a login. */
interface LoginResult {
  readonly data: {
    readonly id_token: string
    readonly access_token: string
    readonly refresh_token?: string
    /** Seconds since 1970. */
    readonly expires_at?: number
    /** Added by oidc.ts. */
    readonly userAgent: string
  }
}

/**
 * The one door between the login library and our sessions. It is shown no session and deletes none: after a
 * login only a refresh changes the grant and only logout or expiry removes the row.
 * The library decides by the methods' source text whether they take a callback; they have to name it so.
 */
export class TicketStore extends session.Store {
  readonly #sessions: Sessions

  constructor(sessions: Sessions) {
    super()
    this.#sessions = sessions
  }

  override get(_ticket: string, callback: (error: unknown, session?: null) => void): void {
    callback(null, null)
  }

  override set(ticket: string, value: unknown, callback: (error?: unknown) => void = () => {}): void {
    const { data } = value as LoginResult
    noteTokens(data.id_token, data.access_token, data.refresh_token)
    // Verified a moment ago (login/id-token.ts), the very same string. It is not kept: its claims are all that is needed.
    const claims = decodeJwt(data.id_token) as Claims
    const tokens = {
      accessToken: data.access_token,
      refreshToken: data.refresh_token,
      expiresAt: data.expires_at === undefined ? undefined : data.expires_at * 1000,
    }
    callbackify(() => this.#sessions.begin(ticket, claims, tokens, data.userAgent))(callback)
  }

  override destroy(_ticket: string, callback: (error?: unknown) => void = () => {}): void {
    callback()
  }
}
