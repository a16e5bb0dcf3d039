import type { Request, RequestHandler } from 'express'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import type { IssuerKeys } from '../shared/issuer-keys.ts'
import { ApiError } from './api-error.ts'
import type { Config } from './config.ts'

declare global {
  namespace Express {
    interface Locals {
      /** The claims of the access token, once it is verified. */
      claims?: JWTPayload
    }
  }
}

/** Seconds by which this clock and the issuer's may differ. */
const clockTolerance = 5
const tokenTypes = new Set(['jwt', 'at+jwt', 'application/at+jwt'])

/** Lets a request through when its access token is one of our issuer's, for us, and not expired. */
export function requireAccessToken({ issuer, audience }: Config, keys: IssuerKeys): RequestHandler {
  return async (req, res, next) => {
    const token = bearerToken(req)
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys.keyOf, {
        // Never the token's own choice: "none", or HMAC with the public key as its secret, would verify.
        algorithms: ['RS256'],
        issuer,
        audience,
        requiredClaims: ['exp', 'sub'],
        clockTolerance,
      })
      // Without it the only key of a set would do for any token.
      if (protectedHeader.kid === undefined) throw new errors.JWTInvalid('"kid" is missing')
      // A logout token is none, even if its audience fits, nor is an ID token whose type says so (RFC 9068 section 4,
      // RFC 8725 section 3.11). One that is a plain JWT only its audience tells from an access token.
      if (!isAccessTokenType(protectedHeader.typ)) throw new errors.JWTInvalid('"typ" is another')
      if (payload.iat !== undefined && payload.iat > Date.now() / 1000 + clockTolerance) {
        throw new errors.JWTInvalid('"iat" is in the future')
      }
      res.locals.claims = payload
    } catch (error) {
      throw error instanceof errors.JOSEError ? invalidToken(error) : error
    }
    next()
  }
}

/** jose calls it a string, but does not look: it may be anything that JSON can hold. */
function isAccessTokenType(typ: unknown): boolean {
  return typeof typ === 'string' && tokenTypes.has(typ.toLowerCase())
}

/** Lets a request through when its access token grants the permission. Behind requireAccessToken. */
export function requirePermission(permission: string): RequestHandler {
  return (_req, res, next) => {
    const claims = res.locals.claims ?? {}
    // An own property and an array: a string would pass `includes` by any part of it, and `__proto__` in the
    // token must not lend permissions.
    const granted = Object.hasOwn(claims, 'permissions') ? claims.permissions : undefined
    if (Array.isArray(granted) && granted.includes(permission)) return next()
    next(
      new ApiError(403, `The token lacks ${permission}`, {
        body: { message: 'Permission denied' },
        challenge: `Bearer realm="api", error="insufficient_scope", error_description="The access token lacks the permission", scope="${permission}"`,
      }),
    )
  }
}

/**
 * The token of the one Authorization header and of nowhere else: in an address it would end in logs and
 * histories (RFC 9700 section 4.3.2). The scheme's name is case-insensitive, and one or more blanks
 * follow it (RFC 9110 section 11.4).
 */
function bearerToken(req: Request): string {
  const headers = req.headersDistinct.authorization ?? []
  const [scheme, token, ...more] = headers[0]?.split(/ +/) ?? []
  if (headers.length > 1) throw malformed()
  // No credentials, or credentials for somebody else: no error code (RFC 6750 section 3.1).
  if (!scheme || (token !== undefined && scheme.toLowerCase() !== 'bearer')) throw noCredentials()
  if (token === undefined || more.length > 0) throw malformed()
  return token
}

function noCredentials(): ApiError {
  return new ApiError(401, 'No bearer token', {
    body: { message: 'Requires authentication' },
    challenge: 'Bearer realm="api"',
  })
}

function malformed(): ApiError {
  const description = 'Authorization header value must follow this format: Bearer access-token'
  return new ApiError(400, 'A malformed Authorization header', {
    body: { error: 'invalid_request', error_description: description, message: 'Requires authentication' },
    challenge: `Bearer realm="api", error="invalid_request", error_description="${description}"`,
  })
}

/** The reason goes to the log; whoever guesses at tokens learns nothing from the answer. */
function invalidToken(error: errors.JOSEError): ApiError {
  const description = 'The access token is expired, revoked, malformed, or not for this API'
  return new ApiError(401, `${error.code}: ${error.message}`, {
    body: { error: 'invalid_token', error_description: description, message: 'Bad credentials' },
    challenge: `Bearer realm="api", error="invalid_token", error_description="${description}"`,
    cause: error,
  })
}
