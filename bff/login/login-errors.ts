import type { ErrorRequestHandler, Request } from 'express'
import { errors } from 'jose'
import { localPath } from '../edge/return-to.ts'
import { HttpError, type Problem } from '../http-error.ts'
import type { Meters } from '../metrics.ts'
import { decodeState } from './oidc.ts'

const again = (returnTo: string, label = 'Log in again') => ({
  href: `/login?returnTo=${encodeURIComponent(returnTo)}`,
  label,
})

/** What can become of a login: the status, and what the visitor reads, who wanted to see that page. */
const outcomes = {
  lost: {
    status: 400,
    problem: (page: string): Problem => ({
      title: 'This login cannot go on',
      text: 'It was already used, it was begun in another browser, or its cookie is gone. A new one takes a moment.',
      action: again(page),
    }),
  },
  cancelled: {
    status: 403,
    problem: (): Problem => ({
      title: 'The login was cancelled',
      text: 'You were not logged in. The public pages are there all the same.',
      action: again('/'),
    }),
  },
  failed: {
    status: 400,
    problem: (): Problem => ({
      title: 'The login did not work',
      text: 'The identity provider answered with something this gateway must not accept. You were not logged in.',
      action: again('/'),
    }),
  },
  away: {
    status: 503,
    retryAfter: 5,
    problem: (page: string): Problem => ({
      title: 'The identity provider is out of reach',
      text: 'Logging in does not work right now; whoever is logged in stays so. Try again in a moment.',
      action: again(page, 'Try again'),
    }),
  },
  unsaved: {
    status: 503,
    retryAfter: 5,
    problem: (page: string): Problem => ({
      title: 'Service Unavailable',
      text: 'Sessions are out of reach, so logging in does not work right now. Try again in a moment.',
      action: again(page, 'Try again'),
    }),
  },
} as const

type Outcome = keyof typeof outcomes

/** `shownAt`: the address of a callback has the authorization code in it, which must not stay in the address bar. */
function loginError(
  outcome: Outcome,
  page: string,
  message: string,
  details: { cause?: unknown; shownAt?: string } = {},
) {
  const { status, problem, ...rest } = outcomes[outcome]
  return new HttpError(status, message, { problem: problem(page), ...rest, ...details })
}

const shownAt = (outcome: Outcome, page: string) =>
  `/callback?outcome=${outcome}&returnTo=${encodeURIComponent(page)}`

/** A callback whose login this browser does not know (any more), and nobody is logged in. */
export const lostLogin = (page: string): HttpError =>
  loginError('lost', page, 'A callback without an open login', { shownAt: shownAt('lost', page) })

/** The error whose page a query asks for; undefined: it asks for none. */
export function shownOutcome(
  { outcome, returnTo }: Request['query'],
  baseUrl: string,
): HttpError | undefined {
  if (typeof outcome !== 'string' || !Object.hasOwn(outcomes, outcome)) return undefined
  return loginError(
    outcome as Outcome,
    localPath(returnTo, baseUrl),
    'The page about a login that did not work',
  )
}

/** OAuth errors that say "not now" (RFC 6749 section 4.1.2.1), and what openid-client calls a time-out or a 5xx. */
const outages = new Set([
  'temporarily_unavailable',
  'server_error',
  'OAUTH_TIMEOUT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
])

/**
 * express-openid-connect reports everything at the callback as status 400, an unreachable token endpoint
 * included, and errors of discovery or of the provider's keys as they come. What the provider wrote into
 * error_description stays in the log: shown, it would let anybody put text on our page by a link.
 */
export const asLoginError = (baseUrl: string, meters: Meters | undefined): ErrorRequestHandler => {
  return (error: unknown, req, _res, next) => {
    const isCallback = req.path === '/callback'
    const [outcome, message] = judge(error, isCallback)
    if (outcome === undefined) return next(error)
    meters?.login(outcome)
    const page = localPath(pageOf(req), baseUrl)
    const place = isCallback ? { shownAt: shownAt(outcome, page) } : {}
    next(loginError(outcome, page, message, { cause: error, ...place }))
  }
}

/** Undefined: it says itself what it is. */
function judge(error: unknown, isCallback: boolean): [Outcome, string] | [undefined] {
  if (!(error instanceof Error)) return [undefined]
  if (error instanceof HttpError) {
    return isCallback && error.status === 503 && !error.problem ? ['unsaved', error.message] : [undefined]
  }
  // jose's verdict about the ID token (id-token.ts).
  if (error instanceof errors.JOSEError) return ['failed', `The ID token was refused: ${error.message}`]
  const code = 'error' in error && typeof error.error === 'string' ? error.error : undefined
  if (code === 'access_denied') return ['cancelled', 'The user cancelled the login']
  if (code === undefined || outages.has(code) || /fetch failed/i.test(error.message)) {
    return ['away', 'The identity provider cannot be reached']
  }
  return ['failed', `The login failed: ${code}`]
}

/** The page that the login was for: /login says it in its query, /callback in its state. */
function pageOf({ query }: Request): unknown {
  return query.returnTo ?? decodeState(query.state)?.returnTo
}
