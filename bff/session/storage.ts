/** A session as a storage keeps it. */
export interface Row {
  /** Rises by one with each replacement: a writer that read an older one is late, and does not get through. */
  readonly version: number
  /** Only the ticket opens it. */
  readonly sealed: Uint8Array
  /** What a list of the user's sessions shows; opened without the ticket. Never changes. */
  readonly about: Uint8Array
  /** Milliseconds since 1970, like all times here. */
  readonly seenAt: number
  /** From that moment on the row is gone for everybody. */
  readonly expiresAt: number
  /** Ended by somebody without the ticket: nobody's session any more. What is sealed in it waits to be revoked. */
  readonly ended: boolean
}

export interface NewRow extends Pick<Row, 'sealed' | 'about' | 'seenAt' | 'expiresAt'> {
  /** By what else than its key the row can be found. */
  readonly indexes: readonly string[]
}

/** All of a row that depends on the secret. */
export type Resealed = Pick<NewRow, 'sealed' | 'about' | 'indexes'>

/**
 * Where the rows are. Every write says what it expects to find, so that no request that is late, slow or
 * twice can bring back a deleted or ended row or overwrite a newer one. All methods reject when the storage fails.
 */
export interface SessionStorage {
  /** Never returns an expired row. */
  read(key: string): Promise<Row | undefined>
  /** Rejects when the key is taken. */
  create(key: string, row: NewRow): Promise<void>
  /** New content if the row still has that version; the expiry stays. False: deleted, ended, expired or newer. */
  replace(key: string, version: number, sealed: Uint8Array): Promise<boolean>
  /**
   * The same content under another secret, with the indexes that come of it, if the row still has that version. It
   * keeps the version: a refresh that is under way is not late because of it. False as with replace.
   */
  reseal(key: string, version: number, row: Resealed): Promise<boolean>
  /** Later times if the row is there and has not ended. Earlier ones are not taken over. */
  extend(key: string, times: Pick<Row, 'seenAt' | 'expiresAt'>): Promise<boolean>
  /** True for exactly one of several that end the same row. Its content stays until it is deleted or expires. */
  end(key: string): Promise<boolean>
  /** True for exactly one of several deletions of the same row. With a version: only if it still has that one. */
  delete(key: string, version?: number): Promise<boolean>
  /** The rows with that index that have neither ended nor expired. */
  find(index: string): Promise<readonly (Row & { readonly key: string })[]>
  /** When each row was seen that has neither ended nor expired. Reads everything: not for requests. */
  seen(): Promise<readonly number[]>
  /**
   * Gives the name to the owner for so many milliseconds, unless somebody else has it. Asked again by who has it,
   * it counts anew. Whoever is held up for longer loses it: what it writes then has to fit by version.
   */
  lease(name: string, owner: string, milliseconds: number): Promise<boolean>
  /** Gives the name back, if that owner still has it. */
  release(name: string, owner: string): Promise<void>
  /** Rejects when the storage cannot be used. */
  check(): Promise<void>
  close(): Promise<void>
}

/** Counts one more of that name; after so many milliseconds, from its first one on, it begins anew. */
export type Count = (name: string, milliseconds: number) => Promise<{ hits: number; endsAt: number }>

/** A storage, and what it does besides for all processes that share it. */
export interface OpenStorage extends SessionStorage {
  readonly count?: Count
}

/** How often expired rows are deleted, in milliseconds. */
export const sweepInterval = 60_000
