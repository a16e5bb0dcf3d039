import type { Log } from '../../shared/log.ts'
import type { Provider } from './provider.ts'
import { createAccessTokens } from './refresh.ts'
import { createRows } from './rows.ts'
import { createSeal } from './seal.ts'
import { type Claims, grantOf, type Tokens, type Visitor } from './session.ts'
import type { SessionStorage } from './storage.ts'

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
}

/** All methods throw HttpError 503 when the storage fails. */
export interface Sessions {
  /** Ticket in, visitor or nobody out. Keeps the session from going idle. */
  find(ticket: string | undefined): Promise<Visitor | undefined>
  begin(ticket: string, claims: Claims, tokens: Tokens): Promise<void>
  /** The session is gone when this resolves; its refresh token is revoked if the provider can be reached. */
  end(ticket: string): Promise<void>
  check(): Promise<void>
}

/** How long a logout waits for the provider to confirm that the refresh token is worthless. */
const revocationMilliseconds = 2000

export function createSessions(parts: Parts): Sessions {
  const { storage, secrets, issuer, clientId, provider, log } = parts
  const idle = parts.idleSeconds * 1000
  const absolute = parts.absoluteSeconds * 1000
  // A write a minute is enough to tell a visitor who is there from one who has gone.
  const extendEvery = Math.min(60_000, idle / 2)
  const rows = createRows(storage, createSeal(secrets, `${issuer} ${clientId}`), log)
  const accessTokenOf = createAccessTokens({ rows, provider, log })

  async function keepFromIdling(ticket: string, expiresAt: number, endsAt: number): Promise<void> {
    const later = Math.min(Date.now() + idle, endsAt)
    // The last extension, up to the absolute end, is shorter than the others and must not be left out.
    if (later === expiresAt || (later < endsAt && later - expiresAt < extendEvery)) return
    // The visitor was found; a storage that cannot write is a problem for whoever reads the log.
    await rows
      .extend(ticket, later)
      .catch((error) => log.warn({ err: error }, 'a session could not be extended'))
  }

  return {
    find: async (ticket) => {
      const row = ticket === undefined ? undefined : await rows.read(ticket)
      if (!row) return undefined
      await keepFromIdling(row.ticket, row.expiresAt, row.record.endsAt)
      return { claims: row.record.claims, accessToken: () => accessTokenOf(row) }
    },
    begin: async (ticket, claims, tokens) => {
      const now = Date.now()
      const record = { claims, grant: grantOf(tokens, now), endsAt: now + absolute }
      await rows.create(ticket, record, now + Math.min(idle, absolute))
    },
    end: async (ticket) => {
      const row = await rows.read(ticket)
      const deleted = await rows.delete(ticket)
      const refreshToken = row?.record.grant.refreshToken
      if (deleted && refreshToken !== undefined) await revoke(provider, refreshToken, log)
    },
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
