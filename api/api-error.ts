interface Details {
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
  readonly body: Readonly<Record<string, string>> | undefined
  readonly challenge: string | undefined
  readonly retryAfter: number | undefined

  constructor(status: number, message: string, { body, challenge, retryAfter, cause }: Details = {}) {
    super(message, { cause })
    this.status = status
    this.body = body
    this.challenge = challenge
    this.retryAfter = retryAfter
  }
}
