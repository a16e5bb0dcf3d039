import type { Request, RequestHandler } from 'express'
import { ApiError } from './api-error.ts'
import type { Caller } from './caller.ts'
import type { CallerLimit } from './rate-limit.ts'
import type { KnownToken, VerifiedTokens } from './verified-tokens.ts'
import { type Claims, TokenError } from './verify.ts'

declare global {
  namespace Express {
    interface Locals {
      /** The claims of the access token, once it is verified. */
      claims?: Claims
      /** Whose it is. */
      caller?: Caller
    }
  }
}

/**
 * Lets a request through when its access token is one of our issuer's, for us, and not expired, and whoever it was
 * issued for has not asked too often.
 */
export function requireAccessToken(tokens: VerifiedTokens, limit: CallerLimit): RequestHandler {
  return (req, res, next) => {
    const token = bearerToken(req)
    const accept = ({ claims, caller }: KnownToken) => {
      res.locals.claims = claims
      res.locals.caller = caller
      limit(caller, res)
      next()
    }
    const known = tokens.find(token)
    return known ? accept(known) : tokens.verify(token).then(accept, refuse)
  }
}

/**
 * The token of the one Authorization header and of nowhere else: in an address it would end in logs and
 * histories (RFC 9700 section 4.3.2). The scheme's name is case-insensitive, and one or more blanks
 * follow it (RFC 9110 section 11.4).
 */
function bearerToken(req: Request): string {
  const [header = '', another] = authorizations(req.rawHeaders)
  // Not split at all blanks: that would look at every character of the token.
  const end = header.indexOf(' ')
  const scheme = end === -1 ? header : header.slice(0, end)
  const token = end === -1 ? undefined : header.slice(end).replace(/^ +/, '')
  if (another !== undefined) throw malformed()
  // No credentials, or credentials for somebody else: no error code (RFC 6750 section 3.1).
  if (!scheme || (token !== undefined && scheme.toLowerCase() !== 'bearer')) throw noCredentials()
  if (token === undefined || token.includes(' ')) throw malformed()
  return token
}

/** All there are: `headers` has the first of several only, and `headersDistinct` would put all headers in order for this. */
function authorizations(rawHeaders: readonly string[]): string[] {
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 13 && name.toLowerCase() === 'authorization') values.push(rawHeaders[index + 1] ?? '')
  }
  return values
}

function noCredentials(): ApiError {
  return new ApiError(401, 'No bearer token', {
    denial: 'no credentials',
    body: { message: 'Requires authentication' },
    challenge: 'Bearer realm="api"',
  })
}

function malformed(): ApiError {
  const description = 'Authorization header value must follow this format: Bearer access-token'
  return new ApiError(400, 'A malformed Authorization header', {
    denial: 'malformed',
    body: { error: 'invalid_request', error_description: description, message: 'Requires authentication' },
    challenge: `Bearer realm="api", error="invalid_request", error_description="${description}"`,
  })
}

/** The reason goes to the log; whoever guesses at tokens learns nothing from the answer. */
function refuse(error: unknown): never {
  if (!(error instanceof TokenError)) throw error
  const description = 'The access token is expired, revoked, malformed, or not for this API'
  throw new ApiError(401, error.message, {
    denial: error.check,
    body: { error: 'invalid_token', error_description: description, message: 'Bad credentials' },
    challenge: `Bearer realm="api", error="invalid_token", error_description="${description}"`,
    cause: error,
  })
}
