import { hash } from 'node:crypto'
import type { IssuerKeys } from '../shared/issuer-keys.ts'
import { createRecent } from '../shared/recent.ts'
import { type Caller, callerOf } from './caller.ts'
import { type Rules, type Verified, verifyAccessToken } from './verify.ts'

/** A token that was verified, and what there is to know of it. */
export interface KnownToken extends Verified {
  readonly caller: Caller
}

export interface VerifiedTokens {
  /** A token that was verified before, is still good, and whose key the issuer still has. */
  find(token: string): KnownToken | undefined
  /** Verifies it and remembers it. Throws as verifyAccessToken does. */
  verify(token: string): Promise<KnownToken>
}

/** How many are remembered at least; twice as many at most. With claims of a kilobyte each that is 20 MB. */
const most = 10_000

/**
 * Tokens that are verified once, not with every request: checking a signature takes as long as all the rest of a request.
 * Found by a digest of the whole token, signature included: what is not the very same letters is another token. When
 * the issuer's set of keys changes, what a removed key has signed is gone with it.
 */
export function createVerifiedTokens(rules: Rules, keys: IssuerKeys): VerifiedTokens {
  const tokens = createRecent<KnownToken>(most)
  // A character for each byte of it: to spell it out takes as long as to make it.
  const digestOf = (token: string) => hash('sha256', token, 'latin1')
  const isGood = ({ claims, kid, key }: KnownToken) =>
    claims.exp * 1000 > Date.now() && keys.known(kid) === key

  return {
    find: (token) => {
      const known = tokens.get(digestOf(token))
      return known && isGood(known) ? known : undefined
    },
    verify: async (token) => {
      const verified = await verifyAccessToken(token, rules, keys)
      const known = { ...verified, caller: callerOf(verified.claims) }
      tokens.set(digestOf(token), known)
      return known
    },
  }
}
