import { type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose'
import { createIssuerKeys } from '../../shared/issuer-keys.ts'
import type { Log } from '../../shared/log.ts'
import type { Config } from '../config.ts'
import type { Meters } from '../metrics.ts'

type Rules = Pick<JWTVerifyOptions, 'clockTolerance' | 'maxTokenAge'> & {
  readonly requiredClaims: readonly string[]
}

/**
 * Whether the identity provider has signed this token for this gateway, and not too long ago. Throws an error of
 * jose's when not, and KeysOutOfReachError when nobody can say.
 */
export type VerifyToken = (token: string, rules: Rules) => Promise<JWTVerifyResult>

/** One set of keys for all logins and logouts: fetched with the first token, not with each. */
export function createTokenVerifier(
  { issuer, clientId }: Config['provider'],
  log: Log,
  meters?: Meters,
): VerifyToken {
  const keys = createIssuerKeys(issuer, log)
  meters?.watchKeys(() => keys.ageSeconds())
  return (token, rules) =>
    jwtVerify(token, keys.keyOf, {
      clockTolerance: rules.clockTolerance ?? 0,
      ...(rules.maxTokenAge !== undefined && { maxTokenAge: rules.maxTokenAge }),
      // Without it a token that names no end is good for ever.
      requiredClaims: ['exp', ...rules.requiredClaims],
      // Never the token's own choice: "none", or HMAC with the public key as its secret, would verify.
      algorithms: ['RS256'],
      issuer,
      audience: clientId,
    })
}
