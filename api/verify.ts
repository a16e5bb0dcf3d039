import type { KeyObject } from 'node:crypto'
import { errors, jwtVerify } from 'jose'
import { z } from 'zod'
import type { IssuerKeys } from '../shared/issuer-keys.ts'
import type { Config } from './config.ts'
import { parseStrictly } from './strict-json.ts'

/** Characters. What is longer is no token of ours: a thousand permissions have room in it. */
const longest = 8192
/** Seconds by which this clock and the issuer's may differ. */
const clockTolerance = 5
/** Seconds. A token that is good for longer is somebody's mistake: it cannot be taken back. */
const longestLife = 24 * 3600

/** What is looked at, in this order; the first one that fails is the answer. */
export const checks = ['form', 'header', 'key', 'signature', 'claims'] as const
export type Check = (typeof checks)[number]

/** A token that is not to be taken. The message is for the log: it holds no part of the token but names of claims. */
export class TokenError extends Error {
  override readonly name = 'TokenError'
  readonly check: Check

  constructor(check: Check, message: string, cause?: unknown) {
    super(message, { cause })
    this.check = check
  }
}

export interface Claims {
  readonly sub: string
  /** Seconds since 1970. */
  readonly exp: number
  readonly iat: number
  readonly [name: string]: unknown
}

export interface Verified {
  readonly claims: Claims
  readonly kid: string
  readonly key: KeyObject
}

export type Rules = Pick<Config, 'issuer' | 'audience' | 'accessTokenTyp'>

/**
 * Whether an access token is this issuer's, for this API, and good now; RFC 9068 section 4, RFC 8725. Throws TokenError,
 * or KeysOutOfReachError when nobody can say.
 */
export async function verifyAccessToken(token: string, rules: Rules, keys: IssuerKeys): Promise<Verified> {
  const [headerBytes, payloadBytes] = partsOf(token)
  const { kid } = readHeader(headerBytes, rules)
  const key = await keys.keyOf({ kid }).catch((error) => {
    throw error instanceof errors.JOSEError
      ? new TokenError('key', 'The issuer has no key of this name', error)
      : error
  })
  const { issuer, audience } = rules
  try {
    // Never the token's own choice: "none", or HMAC with the public key as its secret, would verify.
    await jwtVerify(token, key, { algorithms: ['RS256'], issuer, audience, clockTolerance })
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    const isSignature = error instanceof errors.JWSSignatureVerificationFailed
    throw new TokenError(isSignature ? 'signature' : 'claims', error.message, error)
  }
  return { claims: readClaims(payloadBytes, rules), kid, key }
}

/** Every byte sequence has one spelling only: bits that do not count in the last letter have to be zero. */
function partsOf(token: string): [header: Buffer, payload: Buffer] {
  if (token.length > longest) throw new TokenError('form', `It has more than ${longest} characters`)
  const parts = token.split('.')
  const [header, payload, signature] = parts.map((part) => Buffer.from(part, 'base64url'))
  if (parts.length !== 3 || !header || !payload || !signature)
    throw new TokenError('form', 'It has not three parts')
  const isCanonical = [header, payload, signature].every(
    (bytes, index) => bytes.toString('base64url') === parts[index],
  )
  if (!isCanonical) throw new TokenError('form', 'A part is not base64url')
  return [header, payload]
}

/** A header with a member that would change how the rest is read is none that an access token needs. */
const header = z.object({
  alg: z.literal('RS256'),
  // Without it the only key of a set would do for any token.
  kid: z.string().min(1).max(200),
  typ: z.string().optional(),
  b64: z.never().optional(),
  zip: z.never().optional(),
})

function readHeader(bytes: Buffer, { accessTokenTyp }: Rules): { kid: string } {
  if (bytes.length > 1024) throw new TokenError('header', 'It has more than 1024 bytes')
  const { kid, typ } = read('header', header, bytes)
  if (!isAccessTokenTyp(typ, accessTokenTyp)) throw new TokenError('header', '"typ" is another')
  return { kid }
}

/**
 * A logout token is none, even if its audience fits, nor is an ID token whose type says so (RFC 9068 section 4, RFC 8725
 * section 3.11). One that is a plain JWT only its audience tells from an access token.
 */
function isAccessTokenTyp(typ: string | undefined, setting: Config['accessTokenTyp']): boolean {
  if (typ === undefined) return setting === 'none'
  const name = typ.toLowerCase().replace(/^application\//, '')
  return name === 'at+jwt' || (name === 'jwt' && setting !== 'at+jwt')
}

const claims = z.looseObject({ sub: z.string().min(1), iat: z.number(), exp: z.number() })
/** RFC 9068 section 2.2. */
const claimsOfProfile = claims.extend({ client_id: z.string().min(1), jti: z.string().min(1) })

function readClaims(bytes: Buffer, { accessTokenTyp }: Rules): Claims {
  const payload = read('claims', accessTokenTyp === 'at+jwt' ? claimsOfProfile : claims, bytes)
  if (payload.iat > Date.now() / 1000 + clockTolerance)
    throw new TokenError('claims', '"iat" is in the future')
  if (payload.exp - payload.iat > longestLife) {
    throw new TokenError('claims', `"exp" is more than ${longestLife} seconds after "iat"`)
  }
  return payload
}

function read<Shape>(check: Check, shape: z.ZodType<Shape>, bytes: Buffer): Shape {
  let value: unknown
  try {
    value = parseStrictly(bytes)
  } catch (error) {
    const isTwice = error instanceof SyntaxError && error.message === 'A member is there twice'
    throw new TokenError(check, isTwice ? error.message : 'It is no JSON in UTF-8', error)
  }
  const { error } = shape.safeParse(value)
  // Not the library's copy, in which a member `__proto__` would have become the prototype.
  if (!error) return value as Shape
  const names = error.issues.map(({ path }) => path.join('.')).join(', ')
  throw new TokenError(check, names ? `Missing, malformed or forbidden: ${names}` : 'It is no object')
}
