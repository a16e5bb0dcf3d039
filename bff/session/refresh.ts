import type { Log } from '../../shared/log.ts'
import { HttpError } from '../http-error.ts'
import type { Meters } from '../metrics.ts'
import type { Provider } from './provider.ts'
import type { OpenRow, Rows } from './rows.ts'
import { type Grant, grantOf, isDue, isExpired, isReplaceable } from './session.ts'

interface Parts {
  readonly rows: Rows
  readonly provider: Provider
  readonly log: Log
  readonly meters: Meters | undefined
}

/**
 * Longer than the provider may take for an answer (provider.ts), in milliseconds, and renewed while it is held. It
 * is also how long a visitor waits when the gateway that was refreshing has died.
 */
const leaseMilliseconds = 6000
const renewEvery = leaseMilliseconds / 3
/** How often a gateway looks whether another one has finished, and for how long. */
const lookEvery = 50
const patience = leaseMilliseconds + 3000

/** `refused`: a token that the API has answered with 401. */
type AccessTokenOf = (row: OpenRow, refused?: string) => Promise<string>

/**
 * Gives the access token of a row, refreshed when it is due. One refresh at a time per session, in this process
 * (flights) and in all gateways on the storage (leases): with rotation a second one would use a spent refresh
 * token, which providers take for theft and answer by ending the whole grant (RFC 9700 section 4.14). A refresh
 * belongs to no request: when the browser hangs up, it goes on, and its result is saved before anybody uses it.
 */
export function createAccessTokens({ rows, provider, log, meters }: Parts): AccessTokenOf {
  const flights = new Map<string, Promise<string>>()

  async function refresh(ticket: string, refused: string | undefined): Promise<string> {
    for (const until = performance.now() + patience; performance.now() < until; await wait(lookEvery)) {
      const row = await current(ticket)
      const { grant } = row.record
      if (!needsRefresh(grant, refused)) return shared(grant)
      try {
        if (await rows.lease(ticket, leaseMilliseconds)) return await withLease(ticket, refused)
      } catch (error) {
        // 401 is the provider's verdict. Everything else can wait as long as the token is good.
        if (isExpired(grant) || (error instanceof HttpError && error.status === 401)) throw error
        log.warn({ err: error }, 'the refresh failed; the access token is still good')
        return grant.accessToken
      }
      if (!isExpired(grant) && grant.accessToken !== refused) return grant.accessToken
    }
    throw new HttpError(503, 'Another gateway did not finish its refresh', { retryAfter: 5 })
  }

  async function withLease(ticket: string, refused: string | undefined): Promise<string> {
    const renewal = setInterval(() => {
      rows
        .lease(ticket, leaseMilliseconds)
        .catch((error) => log.warn({ err: error }, 'a lease was not renewed'))
    }, renewEvery)
    try {
      return await renew(ticket, refused)
    } finally {
      clearInterval(renewal)
      await rows.release(ticket).catch((error) => log.warn({ err: error }, 'a lease was not given back'))
    }
  }

  async function renew(ticket: string, refused: string | undefined): Promise<string> {
    // Whoever had the lease before may have refreshed.
    const row = await current(ticket)
    const { grant } = row.record
    if (!needsRefresh(grant, refused)) return shared(grant)
    const tokens = grant.refreshToken === undefined ? undefined : await provider.refresh(grant.refreshToken)
    if (tokens) return keep(row, grantOf(tokens, Date.now()))
    if (grant.refreshToken === undefined && !isExpired(grant)) return grant.accessToken
    // The row as it was read: a gateway that was held up so long that it lost its lease may ask with a refresh
    // token that another one has spent, and must not end the session which that one has saved.
    if (await rows.delete(ticket, row.version)) {
      meters?.ended('grant ended')
      throw ended('The grant has ended')
    }
    return (await current(ticket)).record.grant.accessToken
  }

  async function keep(row: OpenRow, grant: Grant): Promise<string> {
    if (await save(row, grant)) return grant.accessToken
    try {
      // Another gateway has refreshed as well, and saved first.
      return (await current(row.ticket)).record.grant.accessToken
    } catch (error) {
      // Logged out meanwhile: nobody will ever use or revoke this refresh token again.
      if (error instanceof HttpError && error.status === 401 && grant.refreshToken !== undefined) {
        await provider.revoke(grant.refreshToken).catch((reason) => {
          log.warn({ err: reason }, 'a refresh token could not be revoked')
        })
      }
      throw error
    }
  }

  /** The old refresh token is spent, so a storage that hiccups now must not cost the visitor the session. */
  async function save(row: OpenRow, grant: Grant): Promise<boolean> {
    for (const pause of [50, 200, 750]) {
      try {
        return await rows.saveGrant(row, grant)
      } catch (error) {
        log.warn({ err: error }, 'a refreshed grant could not be saved; trying again')
        await wait(pause)
      }
    }
    return rows.saveGrant(row, grant)
  }

  /** Another gateway has refreshed meanwhile, or another request. */
  function shared({ accessToken }: Grant): string {
    meters?.refreshed('shared')
    return accessToken
  }

  async function current(ticket: string): Promise<OpenRow> {
    const row = await rows.read(ticket)
    if (!row || row.ended) throw ended('The session has ended')
    return row
  }

  return ({ ticket, record: { grant } }, refused) => {
    if (!needsRefresh(grant, refused)) return Promise.resolve(grant.accessToken)
    const other = flights.get(ticket)
    if (other) meters?.refreshed('shared')
    const flight = other ?? refresh(ticket, refused).finally(() => flights.delete(ticket))
    flights.set(ticket, flight)
    return flight
  }
}

const needsRefresh = (grant: Grant, refused: string | undefined) =>
  isDue(grant) || isReplaceable(grant, refused)
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const ended = (reason: string) => new HttpError(401, reason)
