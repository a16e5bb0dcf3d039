/** A sealed session as a storage keeps it. */
export interface Row {
  /** Rises by one with each replacement. */
  readonly version: number
  readonly sealed: Uint8Array
  /** Milliseconds since 1970. From that moment on the row is gone for everybody. */
  readonly expiresAt: number
}

/**
 * Where the rows are. Every write says what it expects to find, so that no request that is late, slow or
 * twice can bring back a deleted row or overwrite a newer one. All methods reject when the storage fails.
 */
export interface SessionStorage {
  /** Never returns an expired row. */
  read(key: string): Promise<Row | undefined>
  /** Rejects when the key is taken. */
  create(key: string, row: Pick<Row, 'sealed' | 'expiresAt'>): Promise<void>
  /** New content if the row still has that version; the expiry stays. False: deleted, expired or newer. */
  replace(key: string, version: number, sealed: Uint8Array): Promise<boolean>
  /** A later expiry if the row is there. An earlier one is not taken over. */
  extend(key: string, expiresAt: number): Promise<boolean>
  /** True for exactly one of several deletions of the same row. */
  delete(key: string): Promise<boolean>
  /** Rejects when the storage cannot be used. */
  check(): Promise<void>
  close(): Promise<void>
}

/** How often expired rows are deleted, in milliseconds. */
export const sweepInterval = 60_000
