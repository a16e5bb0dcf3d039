import type { Request, RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import type { Log } from '../../shared/log.ts'
import { countInMemory, type Window } from '../../shared/request-counts.ts'
import { HttpError } from '../http-error.ts'

interface Limit {
  /** How many requests of one client a minute. */
  readonly rate: number
  /** Counts that several gateways share. */
  readonly count: ((client: string, milliseconds: number) => Window | Promise<Window>) | undefined
  readonly log: Log
}

const minute = 60_000

/**
 * Logging in is what a stranger can make the gateway, and the identity provider behind it, work for. A client is an
 * address (`req.ip`: what X-Forwarded-For says counts only from the proxies of TRUST_PROXY), with IPv6 the network
 * that a customer gets (/56), in which one machine has more addresses than anybody can count.
 */
export function limitLogins({ rate, count: shared, log }: Limit): RequestHandler {
  const count = shared ?? countInMemory()
  return rateLimit({
    windowMs: minute,
    limit: rate,
    ipv6Subnet: 56,
    // Not rate-limit-redis: begun while Redis is away, it fails for as long as the process lives.
    store: {
      increment: async (client) => {
        const { hits, endsAt } = await count(client, minute)
        return { totalHits: hits, resetTime: new Date(endsAt) }
      },
      // The library calls neither: what was asked for was asked for, however it ended.
      decrement: async () => {},
      resetKey: async () => {},
    },
    // Counts that are out of reach must not keep anybody from logging in.
    passOnStoreError: true,
    logger: {
      error: (err) => log.error({ err }, 'logins are not counted'),
      warn: (err) => log.warn({ err }),
    },
    // They print advice to whoever writes a gateway; a client's headers could bring it about.
    validate: false,
    legacyHeaders: false,
    handler: (req, _res, next) => next(tooMany(req, rate)),
  })
}

function tooMany(req: Request, rate: number): HttpError {
  const { resetTime } = (req as Request & { readonly rateLimit: { readonly resetTime: Date } }).rateLimit
  const retryAfter = Math.max(1, Math.ceil((resetTime.getTime() - Date.now()) / 1000))
  // Then everybody behind the proxy is one client, and its operator has to be told why.
  const isIgnored = req.headers['x-forwarded-for'] !== undefined && req.ip === req.socket.remoteAddress
  const hint = isIgnored ? '; X-Forwarded-For is not believed, TRUST_PROXY does not name who sends it' : ''
  return new HttpError(429, `More than ${rate} logins a minute from one address${hint}`, {
    retryAfter,
    denial: 'rate',
  })
}
