import { checks } from './verify.ts'

/** Why a caller is turned away, in words that can be counted. */
export const denials = ['no credentials', 'malformed', ...checks, 'permission', 'rate'] as const

type Denial = (typeof denials)[number]

interface Details {
  readonly denial?: Denial
  readonly body?: Readonly<Record<string, string>>
  /** WWW-Authenticate, RFC 6750 section 3. */
  readonly challenge?: string
  /** Seconds. */
  readonly retryAfter?: number
  readonly cause?: unknown
}

/**
 * The API's one error class: thrown anywhere, answered and logged by errors.ts only. The message is for the
 * log; the body for the client.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly denial: Denial | undefined
  readonly body: Readonly<Record<string, string>> | undefined
  readonly challenge: string | undefined
  readonly retryAfter: number | undefined

  constructor(status: number, message: string, { denial, body, challenge, retryAfter, cause }: Details = {}) {
    super(message, { cause })
    this.status = status
    this.denial = denial
    this.body = body
    this.challenge = challenge
    this.retryAfter = retryAfter
  }
}
