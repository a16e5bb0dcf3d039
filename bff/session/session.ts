import type { Secret } from '../../shared/secret.ts'

/** The ID token's claims, as the login brought them. */
export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string }

/** What the token endpoint issued. Times are milliseconds since 1970, by this machine's clock. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken?: string | undefined
  /** Undefined: the provider did not say. */
  readonly expiresAt?: number | undefined
}

/** What lets the gateway act for a visitor at the API. */
export interface Grant extends Tokens {
  /** From then on the access token is refreshed before it is used. */
  readonly refreshAt?: number | undefined
  /** When it was issued. Rows of earlier versions do not say. */
  readonly issuedAt?: number
}

/** The content of a sealed row. */
export interface SessionRecord {
  readonly claims: Claims
  readonly grant: Grant
  /** The end of the absolute lifetime. */
  readonly endsAt: number
}

/** What the user is shown about a session, also in another browser. */
export interface About {
  readonly signedInAt: number
  /** The User-Agent header of the login, shortened. */
  readonly userAgent: string
}

/** One of a user's sessions, as the user sees it. */
export interface ListedSession {
  /** Of its row, a hash of its ticket: good for pointing at the session, and for nothing else. */
  readonly key: string
  /** The one that the request belongs to. */
  readonly isThis: boolean
  /** At most a minute ago, if it is in use. */
  readonly seenAt: number
  /** Undefined: it cannot be read any more. */
  readonly about: About | undefined
}

/** What a request may know of who makes it. */
export interface Visitor {
  readonly claims: Claims
  /** When the session ends if nothing more is asked for. */
  readonly expiresAt: number
  /** When it ends at the latest. */
  readonly endsAt: number
  /** The user's own, this one first, then by when they were seen. */
  sessions(): Promise<readonly ListedSession[]>
  /** Ends another session of the user, or all others, at once; does nothing about any session that is not. */
  endOthers(key?: string): Promise<void>
  /**
   * The access token to send to the API, refreshed when it is due. Throws HttpError 401 when the grant has
   * ended (the session has then ended too), 503 when the provider cannot be reached and the token is expired
   * (the session is kept). `refused`: the API has just answered 401 to that token, so another one is asked for; the
   * same comes back when there is none to be had.
   */
  accessToken(refused?: Secret): Promise<Secret>
}

const widestMargin = 30_000

/**
 * A refresh is due 30 seconds before the access token expires, so that it does not expire on its way through
 * the API; for short-lived tokens a tenth of their lifetime, or they would be refreshed at each request.
 */
export function grantOf(tokens: Tokens, now: number): Grant {
  const { expiresAt } = tokens
  if (expiresAt === undefined) return { ...tokens, issuedAt: now }
  return { ...tokens, issuedAt: now, refreshAt: expiresAt - Math.min(widestMargin, (expiresAt - now) / 10) }
}

/** How long a token is held to be as good as any that would come after it. */
const young = 30_000

/**
 * Whether another token may fare better than this one, which the API has refused: its clock may be right and ours
 * wrong, or its keys may have changed. An API that takes none of our tokens must not cost a refresh per request.
 */
export const isReplaceable = ({ accessToken, issuedAt = 0 }: Grant, refused: string | undefined) =>
  accessToken === refused && Math.abs(Date.now() - issuedAt) > young

export const isDue = ({ refreshAt }: Grant) => refreshAt !== undefined && refreshAt <= Date.now()
export const isExpired = ({ expiresAt }: Grant) => expiresAt !== undefined && expiresAt <= Date.now()
