import { errors } from 'jose'
import type { VerifyToken } from './provider-tokens.ts'

/** Seconds by which our clock and the provider's may differ; the login library allows as much. */
const clockTolerance = 60

/**
 * Checks the signature of an ID token that came from the token endpoint. OpenID Connect Core 1.0 section 3.1.3.7
 * lets a client leave that to TLS; then whoever gets between gateway and provider, or answers in its place, logs
 * in as anybody (ASVS 6.8.2). The nonce has been compared by the login library. Throws as VerifyToken does.
 */
export async function checkIdToken(token: string, verify: VerifyToken, clientId: string): Promise<void> {
  const { payload } = await verify(token, { clockTolerance, requiredClaims: ['sub', 'iat'] })
  // Made for another client, and for us among its audiences (section 3.1.3.7, steps 4 and 5).
  if (payload.azp !== undefined && payload.azp !== clientId) throw new errors.JWTInvalid('"azp" is another')
  if (Number(payload.iat) > Date.now() / 1000 + clockTolerance) {
    throw new errors.JWTInvalid('"iat" is in the future')
  }
}
