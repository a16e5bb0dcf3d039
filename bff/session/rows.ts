import { randomUUID } from 'node:crypto'
import type { Log } from '../../shared/log.ts'
import { HttpError } from '../http-error.ts'
import { createOpenedRows } from './opened-rows.ts'
import type { Seal } from './seal.ts'
import type { About, Claims, Grant, SessionRecord } from './session.ts'
import type { Resealed, Row, SessionStorage } from './storage.ts'
import { noteTokens } from './tokens-in-hand.ts'

/** A row as it was read, opened. */
export interface OpenRow extends Pick<Row, 'version' | 'about' | 'seenAt' | 'expiresAt' | 'ended'> {
  readonly ticket: string
  readonly record: SessionRecord
}

/** A row as it is seen without its ticket. */
export interface ListedRow extends Pick<Row, 'seenAt'> {
  readonly key: string
  /** Undefined: it does not open. */
  readonly about: About | undefined
}

/** By what rows are found without a ticket: all of a user, or those of one login at the provider. */
export type Index = { readonly sub: string } | { readonly sid: string }

/** Sealed rows, addressed by ticket. A storage that fails is an HttpError 503: nobody is logged out by it. */
export interface Rows {
  create(ticket: string, record: SessionRecord, about: About, expiresAt: number): Promise<void>
  read(ticket: string): Promise<OpenRow | undefined>
  /** False when the row has gone, ended or changed meanwhile. */
  saveGrant(row: OpenRow, grant: Grant): Promise<boolean>
  /** Moves a row that an older secret of the ring has sealed to the newest, or does nothing. */
  reseal(row: OpenRow): Promise<void>
  extend(ticket: string, times: Pick<Row, 'seenAt' | 'expiresAt'>): Promise<boolean>
  delete(ticket: string, version?: number): Promise<boolean>
  /** The keys of the rows. */
  find(index: Index): Promise<readonly string[]>
  /** The rows of a user. */
  list(sub: string): Promise<readonly ListedRow[]>
  keyOf(ticket: string): string
  end(key: string): Promise<boolean>
  seen(): Promise<readonly number[]>
  /** For this process, among all gateways on the storage. */
  lease(ticket: string, milliseconds: number): Promise<boolean>
  release(ticket: string): Promise<void>
  /**
   * Does the work, once under a name in so many milliseconds, among all gateways on the storage. Undefined: it
   * was done before. Work that fails was not done, and may be tried again.
   */
  firstTime<Result>(
    name: string,
    milliseconds: number,
    work: () => Promise<Result>,
  ): Promise<Result | undefined>
  check(): Promise<void>
}

/** Longer than the work of firstTime takes. */
const workMilliseconds = 10_000

export function createRows(storage: SessionStorage, seal: Seal, log: Log): Rows {
  const owner = randomUUID()
  const open = <Content>(holder: string, sealed: Uint8Array): Content | undefined => {
    try {
      const plain = seal.open(holder, sealed)
      return plain === undefined ? undefined : JSON.parse(plain)
    } catch (error) {
      // Tampered with, or made by a gateway for another provider: nobody's session, and no reason to fail.
      log.warn({ err: error }, 'a session row does not open')
      return undefined
    }
  }
  const opened = createOpenedRows<SessionRecord>()
  const sealed = (ticket: string, record: SessionRecord, about: About): Resealed => ({
    sealed: seal.seal(ticket, JSON.stringify(record)),
    about: seal.seal(user(record.claims.sub), JSON.stringify(about)),
    indexes: indexesOf(record.claims).flatMap((text) => seal.indexesOf(text).slice(0, 1)),
  })
  /** Under the names that all secrets of the ring give. */
  async function find(index: Index) {
    const rows = new Map<string, Row>()
    // Oldest first and one by one: a row that is moved meanwhile (reseal) is found under one name or the other.
    for (const name of seal.indexesOf(textOf(index)).toReversed()) {
      for (const { key, ...row } of await reach(storage.find(name))) rows.set(key, row)
    }
    return rows
  }

  return {
    create: (ticket, record, about, expiresAt) => {
      const row = { ...sealed(ticket, record, about), seenAt: about.signedInAt, expiresAt }
      return reach(storage.create(seal.keyOf(ticket), row))
    },
    read: async (ticket) => {
      const key = seal.keyOf(ticket)
      const row = await reach(storage.read(key))
      if (!row) opened.forget(key)
      const record = row && opened.contentOf(key, row.sealed, () => open(ticket, row.sealed))
      if (!row || !record || record.endsAt <= Date.now()) return undefined
      noteTokens(record.grant.accessToken, record.grant.refreshToken)
      const { version, about, seenAt, expiresAt, ended } = row
      return { ticket, version, about, seenAt, expiresAt, ended, record }
    },
    saveGrant: ({ ticket, version, record }, grant) => {
      noteTokens(grant.accessToken, grant.refreshToken)
      const content = seal.seal(ticket, JSON.stringify({ ...record, grant } satisfies SessionRecord))
      return reach(storage.replace(seal.keyOf(ticket), version, content))
    },
    reseal: async ({ ticket, version, record, ...row }) => {
      // By this part, which nothing else writes anew: whatever it is sealed with, the indexes are as well.
      const about = seal.isOutdated(row.about) && open<About>(user(record.claims.sub), row.about)
      if (about) await reach(storage.reseal(seal.keyOf(ticket), version, sealed(ticket, record, about)))
    },
    extend: (ticket, times) => reach(storage.extend(seal.keyOf(ticket), times)),
    delete: (ticket, version) => {
      const key = seal.keyOf(ticket)
      opened.forget(key)
      return reach(storage.delete(key, version))
    },
    find: async (index) => [...(await find(index)).keys()],
    list: async (sub) =>
      [...(await find({ sub }))].map(([key, { about, seenAt }]) => ({
        key,
        seenAt,
        about: open<About>(user(sub), about),
      })),
    keyOf: (ticket) => seal.keyOf(ticket),
    end: (key) => reach(storage.end(key)),
    seen: () => reach(storage.seen()),
    lease: (ticket, milliseconds) => reach(storage.lease(seal.keyOf(ticket), owner, milliseconds)),
    release: (ticket) => reach(storage.release(seal.keyOf(ticket), owner)),
    firstTime: async (name, milliseconds, work) => {
      // An owner for this time only: to this process, too, a name that is taken is taken.
      const [key, once] = [seal.keyOf(name), randomUUID()]
      // Briefly at first: should this process die in the middle, the name is free again soon.
      if (!(await reach(storage.lease(key, once, workMilliseconds)))) return undefined
      try {
        const result = await work()
        await reach(storage.lease(key, once, milliseconds))
        return result
      } catch (error) {
        // A storage that cannot do this now lets go by itself.
        await storage.release(key, once).catch(() => {})
        throw error
      }
    },
    check: () => storage.check(),
  }
}

/** The holder for which a user's list of sessions is sealed; no ticket looks like it. */
const user = (sub: string) => `user ${sub}`

const textOf = (index: Index) => ('sub' in index ? `sub ${index.sub}` : `sid ${index.sid}`)

function indexesOf({ sub, sid }: Claims): string[] {
  return [textOf({ sub }), ...(typeof sid === 'string' ? [textOf({ sid })] : [])]
}

async function reach<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw new HttpError(503, 'The session storage failed', { cause: error, retryAfter: 5 })
  }
}
