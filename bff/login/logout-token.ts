import { errors } from 'jose'
import { z } from 'zod'
import type { Config } from '../config.ts'
import type { VerifyToken } from './provider-tokens.ts'

/** Seconds. A provider sends a logout token at once; what comes later was kept by somebody (ASVS 10.5.5). */
const maxTokenAge = 120
const clockTolerance = 5

/** How long an identifier is remembered, in milliseconds: longer than any token that carries it can be good. */
export const rememberedFor = 180_000

/** What a logout token tells the gateway to do, and the identifier by which it can do so once. */
export interface LogoutOrder {
  readonly jti: string
  readonly which: { readonly sub: string } | { readonly sid: string; readonly sub?: string }
}

const claims = z.object({
  jti: z.string().min(1),
  events: z.object({
    'http://schemas.openid.net/event/backchannel-logout': z.record(z.string(), z.unknown()),
  }),
  // An ID token has one: it must not do as a logout token (section 2.4).
  nonce: z.never().optional(),
  sub: z.string().min(1).optional(),
  sid: z.string().min(1).optional(),
})

/**
 * Reads a logout token, all checks of OpenID Connect Back-Channel Logout 1.0 section 2.6 but one: whether it was
 * used before. Throws as VerifyToken does, an error of jose's for every token that must not be obeyed.
 */
export async function readLogoutToken(
  token: string,
  verify: VerifyToken,
  typ: Config['logoutTokenTyp'],
): Promise<LogoutOrder> {
  const { payload, protectedHeader } = await verify(token, {
    clockTolerance,
    maxTokenAge,
    requiredClaims: ['iat'],
  })
  if (!isLogoutTyp(protectedHeader.typ, typ)) throw new errors.JWTInvalid('"typ" is another')
  const { data, error } = claims.safeParse(payload)
  if (error) {
    const names = error.issues.map(({ path }) => path[0]).join(', ')
    throw new errors.JWTInvalid(`Missing, malformed or forbidden: ${names}`)
  }
  const { jti, sub, sid } = data
  if (sid !== undefined) return { jti, which: { sid, ...(sub !== undefined && { sub }) } }
  if (sub !== undefined) return { jti, which: { sub } }
  throw new errors.JWTInvalid('Neither "sub" nor "sid"')
}

/**
 * Explicit typing keeps a token of another kind from being taken for this one (RFC 8725 section 3.11). Some
 * providers send "JWT" or nothing; the setting lets these in, and never the type of another kind.
 */
function isLogoutTyp(typ: unknown, setting: Config['logoutTokenTyp']): boolean {
  if (setting === 'JWT' && typ === undefined) return true
  // jose calls it a string, but does not look: it may be anything that JSON can hold.
  if (typeof typ !== 'string') return false
  const name = typ.toLowerCase().replace(/^application\//, '')
  return name === 'logout+jwt' || (setting === 'JWT' && name === 'jwt')
}
