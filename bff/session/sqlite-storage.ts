import type { DatabaseSync } from 'node:sqlite'
import { keepRows } from './kept-rows.ts'
import { openDatabase } from './sqlite-database.ts'
import { type OpenStorage, type Row, sweepInterval } from './storage.ts'

/**
 * How many rows one step of a sweep takes: it holds up requests, and the writes of other gateways, for that long only.
 */
const batch = 50

/** `sqlite:PATH`. Throws SettingsError when the file cannot be used. */
export function openSqliteStorage(path: string): OpenStorage {
  const database = openDatabase(path)
  const now = () => Date.now()
  const columns = 'version, sealed, about, seen_at, expires_at, ended'
  const read = database.prepare(`SELECT ${columns} FROM session WHERE key = ?`)
  // Another number as soon as another connection, of this process or any, has written to the file.
  const dataVersion = database.prepare('PRAGMA data_version')
  const find = database.prepare(
    `SELECT key, ${columns} FROM session_index JOIN session USING (key)
     WHERE name = ? AND NOT ended AND expires_at > ?`,
  )
  // A row that has expired but was not swept yet is gone for everybody: its key is free.
  const clear = database.prepare('DELETE FROM session WHERE key = ? AND expires_at <= ?')
  const create = database.prepare(
    `INSERT INTO session (key, version, sealed, about, seen_at, expires_at, ended) VALUES (?, 1, ?, ?, ?, ?, 0)`,
  )
  const addIndex = database.prepare('INSERT INTO session_index (name, key) VALUES (?, ?)')
  const replace = database.prepare(
    `UPDATE session SET version = version + 1, sealed = ?
     WHERE key = ? AND version = ? AND NOT ended AND expires_at > ?`,
  )
  const reseal = database.prepare(
    `UPDATE session SET sealed = ?, about = ?
     WHERE key = ? AND version = ? AND NOT ended AND expires_at > ?`,
  )
  const removeIndexes = database.prepare('DELETE FROM session_index WHERE key = ?')
  const extend = database.prepare(
    `UPDATE session SET seen_at = max(seen_at, ?), expires_at = max(expires_at, ?)
     WHERE key = ? AND NOT ended AND expires_at > ?`,
  )
  const end = database.prepare('UPDATE session SET ended = 1 WHERE key = ? AND NOT ended AND expires_at > ?')
  const remove = database.prepare(
    'DELETE FROM session WHERE key = ? AND version = ifnull(?, version) AND expires_at > ?',
  )
  const seen = database.prepare('SELECT seen_at FROM session WHERE NOT ended AND expires_at > ?')
  const lease = database.prepare(
    `INSERT INTO lease (name, owner, expires_at) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
     WHERE owner = excluded.owner OR lease.expires_at <= ?`,
  )
  const release = database.prepare('DELETE FROM lease WHERE name = ? AND owner = ?')
  // One that ends later than it could has begun before the clock was set back.
  const count = database.prepare(
    `INSERT INTO request_count (name, hits, expires_at) VALUES ($name, 1, $end)
     ON CONFLICT (name) DO UPDATE SET
       (hits, expires_at) = (
         SELECT iif(is_open, hits + 1, 1), iif(is_open, expires_at, $end)
         FROM (SELECT expires_at > $now AND expires_at <= $end AS is_open)
       )
     RETURNING hits, expires_at`,
  )
  const removeExpired = [
    ['session', 'key'],
    ['lease', 'name'],
    ['request_count', 'name'],
  ].map(([table, key]) =>
    database.prepare(
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE expires_at <= ? LIMIT ${batch})`,
    ),
  )
  const rows = keepRows(
    () => dataVersion.get()?.data_version,
    (key) => {
      const found = read.get(key)
      return found && toRow(found)
    },
  )
  let next: NodeJS.Immediate | undefined
  const sweep = () => {
    try {
      // A row that is not there any more must not come back when the clock is set back.
      rows.forgetAll()
      const isFull = removeExpired.map((statement) => statement.run(now()).changes === batch)
      if (isFull.includes(true)) next = setImmediate(sweep)
    } catch {
      // Thrown out of a timer it would end the program. Expired rows are invisible; the next sweep takes them.
    }
  }
  const timer = setInterval(sweep, sweepInterval).unref()

  /** `work` writes to the row. */
  const change = async <Result>(key: string, work: () => Result): Promise<Result> => {
    rows.forget(key)
    return work()
  }

  return {
    read: async (key) => {
      const row = await rows.get(key)
      return row && row.expiresAt > now() ? row : undefined
    },
    create: (key, { sealed, about, seenAt, expiresAt, indexes }) =>
      change(key, () =>
        atomically(database, () => {
          clear.run(key, now())
          create.run(key, sealed, about, seenAt, expiresAt)
          for (const name of indexes) addIndex.run(name, key)
        }),
      ),
    replace: (key, version, sealed) =>
      change(key, () => replace.run(sealed, key, version, now()).changes === 1),
    reseal: (key, version, { sealed, about, indexes }) =>
      change(key, () =>
        atomically(database, () => {
          if (reseal.run(sealed, about, key, version, now()).changes === 0) return false
          removeIndexes.run(key)
          for (const name of indexes) addIndex.run(name, key)
          return true
        }),
      ),
    extend: (key, { seenAt, expiresAt }) =>
      change(key, () => extend.run(seenAt, expiresAt, key, now()).changes === 1),
    end: (key) => change(key, () => end.run(key, now()).changes === 1),
    delete: (key, version) => change(key, () => remove.run(key, version ?? null, now()).changes === 1),
    find: async (index) => find.all(index, now()).map((row) => ({ key: String(row.key), ...toRow(row) })),
    seen: async () => seen.all(now()).map((row) => Number(row.seen_at)),
    lease: async (name, owner, milliseconds) =>
      lease.run(name, owner, now() + milliseconds, now()).changes === 1,
    release: async (name, owner) => {
      release.run(name, owner)
    },
    count: async (name, milliseconds) => {
      const counted = count.get({ name, now: now(), end: now() + milliseconds })
      return { hits: Number(counted?.hits), endsAt: Number(counted?.expires_at) }
    },
    check: async () => {
      read.get('')
    },
    close: async () => {
      clearInterval(timer)
      clearImmediate(next)
      database.close()
    },
  }
}

function toRow(row: Record<string, unknown>): Row {
  return {
    version: Number(row.version),
    sealed: row.sealed as Uint8Array,
    about: row.about as Uint8Array,
    seenAt: Number(row.seen_at),
    expiresAt: Number(row.expires_at),
    ended: row.ended === 1,
  }
}

function atomically<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk, for one, has ended the transaction already; saying so again would hide that.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
