import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SettingsError } from '../../shared/settings.ts'
import { type SessionStorage, sweepInterval } from './storage.ts'

/** `sqlite:PATH`. Throws SettingsError when the file cannot be used. */
export function openSqliteStorage(path: string): SessionStorage {
  const database = openDatabase(path)
  const now = () => Date.now()
  const read = database.prepare(
    'SELECT version, sealed, expires_at FROM session WHERE key = ? AND expires_at > ?',
  )
  // A row that has expired but was not swept yet is gone for everybody: its key is free.
  const create = database.prepare(
    `INSERT INTO session (key, version, sealed, expires_at) VALUES (?, 1, ?, ?)
     ON CONFLICT (key) DO UPDATE SET version = 1, sealed = excluded.sealed, expires_at = excluded.expires_at
     WHERE session.expires_at <= ?`,
  )
  const replace = database.prepare(
    'UPDATE session SET version = version + 1, sealed = ? WHERE key = ? AND version = ? AND expires_at > ?',
  )
  const extend = database.prepare(
    'UPDATE session SET expires_at = max(expires_at, ?) WHERE key = ? AND expires_at > ?',
  )
  const remove = database.prepare('DELETE FROM session WHERE key = ? AND expires_at > ?')
  const removeExpired = database.prepare('DELETE FROM session WHERE expires_at <= ?')
  const sweep = setInterval(() => {
    try {
      removeExpired.run(now())
    } catch {
      // Thrown out of a timer it would end the program. Expired rows are invisible; the next sweep takes them.
    }
  }, sweepInterval).unref()

  return {
    read: async (key) => {
      const row = read.get(key, now())
      if (!row) return undefined
      return {
        version: Number(row.version),
        sealed: row.sealed as Uint8Array,
        expiresAt: Number(row.expires_at),
      }
    },
    create: async (key, { sealed, expiresAt }) => {
      if (create.run(key, sealed, expiresAt, now()).changes !== 1) throw new Error('The key is taken')
    },
    replace: async (key, version, sealed) => replace.run(sealed, key, version, now()).changes === 1,
    extend: async (key, expiresAt) => extend.run(expiresAt, key, now()).changes === 1,
    delete: async (key) => remove.run(key, now()).changes === 1,
    check: async () => {
      read.get('', 0)
    },
    close: async () => {
      clearInterval(sweep)
      database.close()
    },
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const database = new DatabaseSync(path)
    // Others on the machine have no business even with sealed rows. The journal files inherit the mode.
    chmodSync(path, 0o600)
    // WAL with synchronous NORMAL: a committed row survives the end of the process, SIGKILL included; only a
    // power failure can take the last moments, which then are logins that have to be made again.
    database.exec(`
      PRAGMA busy_timeout = 500;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS session (
        key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL, expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS session_expiry ON session (expires_at);
    `)
    return database
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SettingsError([`SESSION_STORE cannot be used: ${path}: ${reason}`])
  }
}
