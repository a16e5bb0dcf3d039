import type { Response } from 'express'
import { countInMemory } from '../shared/request-counts.ts'
import { ApiError } from './api-error.ts'
import type { Caller } from './caller.ts'

const minute = 60_000

/** Counts one more request of the caller, and says in the answer how many are left. Throws ApiError 429 when none is. */
export type CallerLimit = (caller: Caller, res: Response) => void

/**
 * How many requests a user or a service may make in a minute. By what the token says, not by address: all users of the
 * gateway come from its one address (RFC 10017 section 6.1.3). Counted is whose token is good, so that nobody can use up
 * another's requests. The headers are those of draft-ietf-httpapi-ratelimit-headers-10.
 *
 * Not express-rate-limit, which takes half as long as the rest of a request (docs/decisions/022-tokens-once.md).
 */
export function limitCallers(rate: number): CallerLimit {
  const count = countInMemory()
  const policy = `"default";q=${rate};w=60`
  return (caller, res) => {
    const { hits, endsAt } = count(nameOf(caller), minute)
    const seconds = Math.max(1, Math.ceil((endsAt - Date.now()) / 1000))
    res.setHeader('RateLimit-Policy', policy)
    res.setHeader('RateLimit', `"default";r=${Math.max(0, rate - hits)};t=${seconds}`)
    if (hits <= rate) return
    throw new ApiError(429, `More than ${rate} requests a minute`, { denial: 'rate', retryAfter: seconds })
  }
}

/** A client that calls itself as a user is called is another caller. */
function nameOf(caller: Caller): string {
  return caller.kind === 'user' ? `user ${caller.sub}` : `service ${caller.client}`
}
