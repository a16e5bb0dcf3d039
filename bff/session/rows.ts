import type { Log } from '../../shared/log.ts'
import { HttpError } from '../http-error.ts'
import type { Seal } from './seal.ts'
import type { Grant, SessionRecord } from './session.ts'
import type { SessionStorage } from './storage.ts'

/** A row as it was read, opened. */
export interface OpenRow {
  readonly ticket: string
  readonly version: number
  readonly expiresAt: number
  readonly record: SessionRecord
}

/** Sealed rows, addressed by ticket. A storage that fails is an HttpError 503: nobody is logged out by it. */
export interface Rows {
  create(ticket: string, record: SessionRecord, expiresAt: number): Promise<void>
  read(ticket: string): Promise<OpenRow | undefined>
  /** False when the row has gone or changed meanwhile. */
  saveGrant(row: OpenRow, grant: Grant): Promise<boolean>
  extend(ticket: string, expiresAt: number): Promise<boolean>
  delete(ticket: string): Promise<boolean>
  check(): Promise<void>
}

export function createRows(storage: SessionStorage, seal: Seal, log: Log): Rows {
  const open = (ticket: string, sealed: Uint8Array): SessionRecord | undefined => {
    try {
      const plain = seal.open(ticket, sealed)
      return plain === undefined ? undefined : JSON.parse(plain)
    } catch (error) {
      // Tampered with, or made by a gateway for another provider: nobody's session, and no reason to fail.
      log.warn({ err: error }, 'a session row does not open')
      return undefined
    }
  }
  return {
    create: (ticket, record, expiresAt) =>
      reach(
        storage.create(seal.keyOf(ticket), { sealed: seal.seal(ticket, JSON.stringify(record)), expiresAt }),
      ),
    read: async (ticket) => {
      const row = await reach(storage.read(seal.keyOf(ticket)))
      const record = row && open(ticket, row.sealed)
      if (!row || !record || record.endsAt <= Date.now()) return undefined
      return { ticket, version: row.version, expiresAt: row.expiresAt, record }
    },
    saveGrant: ({ ticket, version, record }, grant) => {
      const sealed = seal.seal(ticket, JSON.stringify({ ...record, grant } satisfies SessionRecord))
      return reach(storage.replace(seal.keyOf(ticket), version, sealed))
    },
    extend: (ticket, expiresAt) => reach(storage.extend(seal.keyOf(ticket), expiresAt)),
    delete: (ticket) => reach(storage.delete(seal.keyOf(ticket))),
    check: () => storage.check(),
  }
}

async function reach<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw new HttpError(503, 'The session storage failed', { cause: error, retryAfter: 5 })
  }
}
