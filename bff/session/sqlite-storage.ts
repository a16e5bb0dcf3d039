import type { DatabaseSync } from 'node:sqlite'
import { openDatabase } from './sqlite-database.ts'
import { type Row, type SessionStorage, sweepInterval } from './storage.ts'

/** `sqlite:PATH`. Throws SettingsError when the file cannot be used. */
export function openSqliteStorage(path: string): SessionStorage {
  const database = openDatabase(path)
  const now = () => Date.now()
  const columns = 'version, sealed, about, seen_at, expires_at, ended'
  const read = database.prepare(`SELECT ${columns} FROM session WHERE key = ? AND expires_at > ?`)
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
  const extend = database.prepare(
    `UPDATE session SET seen_at = max(seen_at, ?), expires_at = max(expires_at, ?)
     WHERE key = ? AND NOT ended AND expires_at > ?`,
  )
  const end = database.prepare('UPDATE session SET ended = 1 WHERE key = ? AND NOT ended AND expires_at > ?')
  const remove = database.prepare(
    'DELETE FROM session WHERE key = ? AND version = ifnull(?, version) AND expires_at > ?',
  )
  const lease = database.prepare(
    `INSERT INTO lease (name, owner, expires_at) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
     WHERE owner = excluded.owner OR lease.expires_at <= ?`,
  )
  const release = database.prepare('DELETE FROM lease WHERE name = ? AND owner = ?')
  const removeExpired = ['session', 'lease'].map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE expires_at <= ?`),
  )
  const sweep = setInterval(() => {
    try {
      for (const statement of removeExpired) statement.run(now())
    } catch {
      // Thrown out of a timer it would end the program. Expired rows are invisible; the next sweep takes them.
    }
  }, sweepInterval).unref()

  return {
    read: async (key) => {
      const row = read.get(key, now())
      return row && toRow(row)
    },
    create: async (key, { sealed, about, seenAt, expiresAt, indexes }) => {
      atomically(database, () => {
        clear.run(key, now())
        create.run(key, sealed, about, seenAt, expiresAt)
        for (const name of indexes) addIndex.run(name, key)
      })
    },
    replace: async (key, version, sealed) => replace.run(sealed, key, version, now()).changes === 1,
    extend: async (key, { seenAt, expiresAt }) => extend.run(seenAt, expiresAt, key, now()).changes === 1,
    end: async (key) => end.run(key, now()).changes === 1,
    delete: async (key, version) => remove.run(key, version ?? null, now()).changes === 1,
    find: async (index) => find.all(index, now()).map((row) => ({ key: String(row.key), ...toRow(row) })),
    lease: async (name, owner, milliseconds) =>
      lease.run(name, owner, now() + milliseconds, now()).changes === 1,
    release: async (name, owner) => {
      release.run(name, owner)
    },
    check: async () => {
      read.get('', 0)
    },
    close: async () => {
      clearInterval(sweep)
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

function atomically(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    work()
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}
