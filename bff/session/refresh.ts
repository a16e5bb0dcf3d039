import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../../shared/log.ts'
import { HttpError } from '../http-error.ts'
import type { Provider } from './provider.ts'
import type { OpenRow, Rows } from './rows.ts'
import { type Grant, grantOf } from './session.ts'

interface Parts {
  readonly rows: Rows
  readonly provider: Provider
  readonly log: Log
}

/**
 * Gives the access token of a row, refreshed when it is due. One refresh at a time per session: with rotation
 * a second one would use a spent refresh token, which providers take for theft and answer by ending the whole
 * grant (RFC 9700 section 4.14). A refresh belongs to no request: when the browser hangs up, it goes on, and
 * its result is saved before anybody uses it.
 */
export function createAccessTokens({ rows, provider, log }: Parts): (row: OpenRow) => Promise<string> {
  const flights = new Map<string, Promise<string>>()

  async function refresh(ticket: string): Promise<string> {
    // The caller's row may be older than the last refresh.
    const row = await rows.read(ticket)
    if (!row) throw ended('The session has ended')
    const { grant } = row.record
    if (!isDue(grant)) return grant.accessToken
    if (grant.refreshToken === undefined) {
      if (!isExpired(grant)) return grant.accessToken
      await rows.delete(ticket)
      throw ended('The access token is expired and there is no refresh token')
    }
    const renewed = await ask(row, grant.refreshToken)
    if (renewed === grant) return grant.accessToken
    if (!renewed) {
      await rows.delete(ticket)
      throw ended('The provider has ended the grant')
    }
    if (await save(row, renewed)) return renewed.accessToken
    // Logged out meanwhile: nobody will ever use or revoke this refresh token again.
    await provider.revoke(renewed.refreshToken ?? grant.refreshToken).catch((error) => {
      log.warn({ err: error }, 'a refresh token could not be revoked')
    })
    throw ended('The session ended during its refresh')
  }

  /** The new grant; the old one when the provider is away and it is still good; undefined: it has ended. */
  async function ask(row: OpenRow, refreshToken: string): Promise<Grant | undefined> {
    const { grant } = row.record
    try {
      // Changes nothing but proves that the storage can write: a full disk or a lock that lasts must come to
      // light before the refresh token is spent, since what comes in its place could not be kept.
      await rows.extend(row.ticket, row.expiresAt)
      const tokens = await provider.refresh(refreshToken)
      return tokens && grantOf(tokens, Date.now())
    } catch (error) {
      if (isExpired(grant)) throw error
      log.warn({ err: error }, 'the refresh failed; the access token is still good')
      return grant
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

  return ({ ticket, record: { grant } }) => {
    if (!isDue(grant)) return Promise.resolve(grant.accessToken)
    const flight = flights.get(ticket) ?? refresh(ticket).finally(() => flights.delete(ticket))
    flights.set(ticket, flight)
    return flight
  }
}

const isDue = ({ refreshAt }: Grant) => refreshAt !== undefined && refreshAt <= Date.now()
const isExpired = ({ expiresAt }: Grant) => expiresAt !== undefined && expiresAt <= Date.now()
const ended = (reason: string) => new HttpError(401, reason)
