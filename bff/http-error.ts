/** What the visitor reads instead of the text that the status alone would give. */
export interface Problem {
  readonly title: string
  readonly text: string
  readonly action?: { readonly href: string; readonly label: string }
}

interface Details {
  readonly cause?: unknown
  /** Seconds after which the same request may succeed. */
  readonly retryAfter?: number
  /** Of 405: the methods that would do. */
  readonly allow?: string
  readonly problem?: Problem
  /** Another address of ours that shows the same to a visitor; this one has something in it that must not stay. */
  readonly shownAt?: string
}

/**
 * The gateway's one error class: thrown anywhere, answered and logged by edge/errors.ts only.
 * The message is for the log.
 */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly retryAfter: number | undefined
  readonly allow: string | undefined
  readonly problem: Problem | undefined
  readonly shownAt: string | undefined

  constructor(status: number, message: string, { cause, retryAfter, allow, problem, shownAt }: Details = {}) {
    super(message, { cause })
    this.status = status
    this.retryAfter = retryAfter
    this.allow = allow
    this.problem = problem
    this.shownAt = shownAt
  }
}
