import type { Log } from '../../shared/log.ts'
import { Secret } from '../../shared/secret.ts'
import type { Meters } from '../metrics.ts'
import type { Provider } from './provider.ts'
import { createAccessTokens } from './refresh.ts'
import { createRows, type OpenRow, type Rows } from './rows.ts'
import { createSeal } from './seal.ts'
import { type Claims, grantOf, type ListedSession, type Tokens, type Visitor } from './session.ts'
import type { SessionStorage } from './storage.ts'
import { noteTokens } from './tokens-in-hand.ts'

interface Parts {
  readonly storage: SessionStorage
  /** Newest first. */
  readonly secrets: readonly string[]
  readonly issuer: string
  readonly clientId: string
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly provider: Provider
  readonly log: Log
  readonly meters?: Meters | undefined
}

/** All methods throw HttpError 503 when the storage fails. */
export interface Sessions {
  /** Ticket in, visitor or nobody out. Keeps the session from going idle. */
  readonly find: (ticket: string | undefined) => Promise<Visitor | undefined>
  /** The same for a request that says nothing about whether somebody is there: it goes idle all the same. */
  readonly peek: (ticket: string | undefined) => Promise<Visitor | undefined>
  begin(ticket: string, claims: Claims, tokens: Tokens, userAgent: string): Promise<void>
  /** The session is gone when this resolves; its refresh token is revoked if the provider can be reached. */
  end(ticket: string, reason?: 'logout' | 'new login'): Promise<void>
  /**
   * Ends the sessions of a user, or of one login at the provider, and says how many. They are nobody's from then
   * on; their refresh tokens only the tickets can open, so each is revoked when its ticket is shown the next time.
   */
  endListed(which: { sub: string } | { sid: string; sub?: string }): Promise<number>
  /** When each session was seen, of all or of one user. Reads everything: not for requests. */
  seen(sub?: string): Promise<readonly number[]>
  /** Does the work if it was not done under that name, by any gateway, within so many milliseconds. */
  readonly firstTime: Rows['firstTime']
  check(): Promise<void>
}

/** How long a logout waits for the provider to confirm that the refresh token is worthless. */
const revocationMilliseconds = 2000

export function createSessions(parts: Parts): Sessions {
  const { storage, secrets, issuer, clientId, provider, log, meters } = parts
  const idle = parts.idleSeconds * 1000
  const absolute = parts.absoluteSeconds * 1000
  // A write a minute is enough to tell a visitor who is there from one who has gone.
  const extendEvery = Math.min(60_000, idle / 2)
  const rows = createRows(storage, createSeal(secrets, `${issuer} ${clientId}`), log)
  const accessTokenOf = createAccessTokens({ rows, provider, log, meters })

  /** Says when the session ends now. */
  async function keepFromIdling(row: OpenRow): Promise<number> {
    const now = Date.now()
    if (now - row.seenAt < extendEvery) return row.expiresAt
    const expiresAt = Math.min(now + idle, row.record.endsAt)
    try {
      await rows.extend(row.ticket, { seenAt: now, expiresAt })
      return expiresAt
    } catch (error) {
      // The visitor was found; a storage that cannot write is a problem for whoever reads the log.
      log.warn({ err: error }, 'a session could not be extended')
      return row.expiresAt
    }
  }

  /** Whether it was there until now. */
  async function retire({ ticket, record: { grant } }: OpenRow): Promise<boolean> {
    const deleted = await rows.delete(ticket)
    if (deleted && grant.refreshToken !== undefined) await revoke(provider, grant.refreshToken, log)
    return deleted
  }

  async function open(ticket: string | undefined): Promise<OpenRow | undefined> {
    const row = ticket === undefined ? undefined : await rows.read(ticket)
    if (!row?.ended) return row
    void retire(row).catch((error) => log.warn({ err: error }, 'an ended session could not be retired'))
    return undefined
  }

  function visitorOf(row: OpenRow, expiresAt: number): Visitor {
    const { claims, endsAt } = row.record
    const sessions = async () => {
      const own = rows.keyOf(row.ticket)
      const listed = (await rows.list(claims.sub)).map((each) => ({ ...each, isThis: each.key === own }))
      return listed.toSorted((a, b) => Number(b.isThis) - Number(a.isThis) || b.seenAt - a.seenAt)
    }
    return {
      claims,
      expiresAt,
      endsAt,
      accessToken: async (refused) => {
        const accessToken = await accessTokenOf(row, refused?.reveal())
        // Another request may have refreshed it.
        noteTokens(accessToken)
        return new Secret(accessToken)
      },
      sessions,
      endOthers: async (key) => {
        const meant = (each: ListedSession) => !each.isThis && (key === undefined || each.key === key)
        const ended = await Promise.all((await sessions()).filter(meant).map((each) => rows.end(each.key)))
        meters?.ended('by its user', ended.filter(Boolean).length)
      },
    }
  }

  return {
    find: async (ticket) => {
      const row = await open(ticket)
      if (!row) return undefined
      await rows.reseal(row).catch((error) => log.warn({ err: error }, 'a session could not be sealed anew'))
      return visitorOf(row, await keepFromIdling(row))
    },
    peek: async (ticket) => {
      const row = await open(ticket)
      return row && visitorOf(row, row.expiresAt)
    },
    begin: async (ticket, claims, tokens, userAgent) => {
      const now = Date.now()
      const record = { claims, grant: grantOf(tokens, now), endsAt: now + absolute }
      const about = { signedInAt: now, userAgent: userAgent.slice(0, 256) }
      await rows.create(ticket, record, about, now + Math.min(idle, absolute))
      meters?.login('succeeded')
      log.info({ sub: claims.sub }, 'logged in')
    },
    end: async (ticket, reason = 'logout') => {
      const row = await rows.read(ticket)
      // A row that does not open is no session, and no use.
      if (!row) return void (await rows.delete(ticket))
      if ((await retire(row)) && !row.ended) meters?.ended(reason)
      log.info({ sub: row.record.claims.sub }, 'session ended')
    },
    endListed: async (which) => {
      const found = await rows.find('sid' in which ? { sid: which.sid } : which)
      // Both given, both have to fit: nothing says that two users' logins never have the same sid.
      const own = 'sid' in which && which.sub !== undefined ? await rows.find({ sub: which.sub }) : found
      const meant = found.filter((key) => own.includes(key))
      const ended = await Promise.all(meant.map((key) => rows.end(key)))
      return ended.filter(Boolean).length
    },
    seen: async (sub) =>
      sub === undefined ? rows.seen() : (await rows.list(sub)).map(({ seenAt }) => seenAt),
    firstTime: (name, milliseconds, work) => rows.firstTime(name, milliseconds, work),
    check: () => rows.check(),
  }
}

async function revoke(provider: Provider, refreshToken: string, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('The provider did not answer in time')), revocationMilliseconds)
  })
  try {
    await Promise.race([provider.revoke(refreshToken), tooLong])
  } catch (error) {
    log.warn({ err: error }, 'a refresh token could not be revoked')
  } finally {
    clearTimeout(timer)
  }
}
