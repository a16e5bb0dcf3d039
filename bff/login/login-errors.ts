import type { ErrorRequestHandler, Request } from 'express'
import { errors } from 'jose'
import { localPath } from '../edge/return-to.ts'
import { HttpError, type Problem } from '../http-error.ts'
import { decodeState } from './oidc.ts'

const again = (returnTo: string, label = 'Log in again') => ({
  href: `/login?returnTo=${encodeURIComponent(returnTo)}`,
  label,
})

/** A callback whose login this browser does not know (any more), and nobody is logged in. */
export function lostLogin(returnTo: string): HttpError {
  return new HttpError(400, 'A callback without an open login', {
    problem: {
      title: 'This login cannot go on',
      text: 'It was already used, it was begun in another browser, or its cookie is gone. A new one takes a moment.',
      action: again(returnTo),
    },
  })
}

const cancelled: Problem = {
  title: 'The login was cancelled',
  text: 'You were not logged in. The public pages are there all the same.',
  action: again('/'),
}

const failed: Problem = {
  title: 'The login did not work',
  text: 'The identity provider answered with something this gateway must not accept. You were not logged in.',
  action: again('/'),
}

const providerAway = (returnTo: string): Problem => ({
  title: 'The identity provider is out of reach',
  text: 'Logging in does not work right now; whoever is logged in stays so. Try again in a moment.',
  action: again(returnTo, 'Try again'),
})

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
export const asLoginError = (baseUrl: string): ErrorRequestHandler => {
  return (error: unknown, req, _res, next) => {
    if (error instanceof HttpError || !(error instanceof Error)) return next(error)
    // jose's verdict about the ID token (id-token.ts).
    if (error instanceof errors.JOSEError) {
      return next(
        new HttpError(400, `The ID token was refused: ${error.message}`, { cause: error, problem: failed }),
      )
    }
    const code = 'error' in error && typeof error.error === 'string' ? error.error : undefined
    if (code === 'access_denied') {
      return next(new HttpError(403, 'The user cancelled the login', { cause: error, problem: cancelled }))
    }
    if (code === undefined || outages.has(code) || /fetch failed/i.test(error.message)) {
      const problem = providerAway(localPath(pageOf(req), baseUrl))
      const details = { cause: error, retryAfter: 5, problem }
      return next(new HttpError(503, 'The identity provider cannot be reached', details))
    }
    next(new HttpError(400, `The login failed: ${code}`, { cause: error, problem: failed }))
  }
}

/** The page that the login was for: /login says it in its query, /callback in its state. */
function pageOf({ query }: Request): unknown {
  return query.returnTo ?? decodeState(query.state)?.returnTo
}
