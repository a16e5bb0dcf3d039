/** What the visitor reads instead of the text that the status alone would give. */
export interface Problem {
  readonly title: string
  readonly text: string
  readonly action?: { readonly href: string; readonly label: string }
}

/** Why a request was refused, for the statistics. Whatever else is refused is a mistake, not a matter of who may. */
export const denials = [
  'not logged in',
  'forbidden',
  'cross-site',
  'form token',
  'ambiguous request',
  'wrong host',
  'logout token',
  'rate',
] as const

type Denial = (typeof denials)[number]

interface Details {
  readonly cause?: unknown
  /** Seconds after which the same request may succeed. */
  readonly retryAfter?: number
  /** Of 405: the methods that would do. */
  readonly allow?: string
  readonly problem?: Problem
  readonly denial?: Denial
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
  readonly denial: Denial | undefined
  readonly shownAt: string | undefined

  constructor(status: number, message: string, details: Details = {}) {
    const { cause, retryAfter, allow, problem, denial, shownAt } = details
    super(message, { cause })
    this.status = status
    this.retryAfter = retryAfter
    this.allow = allow
    this.problem = problem
    // Nobody is logged in: what 401 says here, whoever says it.
    this.denial = denial ?? (status === 401 ? 'not logged in' : undefined)
    this.shownAt = shownAt
  }
}
