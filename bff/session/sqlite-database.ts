import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SettingsError } from '../../shared/settings.ts'

/** Rises when a table changes. One that is added needs no rise, and nobody's session to be thrown away. */
const schemaVersion = 3

/**
 * The rows of sessions are too large for WITHOUT ROWID: each would spill over into a page of its own, and with a
 * hundred thousand of them a read takes six times as long.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS session (
    key TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    about BLOB NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS session_expiry ON session (expires_at);
  CREATE TABLE IF NOT EXISTS session_index (
    name TEXT NOT NULL,
    key TEXT NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    PRIMARY KEY (name, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS session_index_key ON session_index (key);
  CREATE TABLE IF NOT EXISTS lease (
    name TEXT PRIMARY KEY, owner TEXT NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS request_count (
    name TEXT PRIMARY KEY, hits INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};
`

/** Opens the file, and creates it and its folder when they are missing. Throws SettingsError when it cannot. */
export function openDatabase(path: string): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const database = new DatabaseSync(path)
    // Others on the machine have no business even with sealed rows. The journal files inherit the mode.
    chmodSync(path, 0o600)
    // WAL with synchronous NORMAL: a committed row survives the end of the process, SIGKILL included; only a
    // power failure can take the last moments, which then are logins that have to be made again.
    database.exec(`
      PRAGMA busy_timeout = 500;
      PRAGMA page_size = 8192;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
    `)
    database.exec('BEGIN IMMEDIATE')
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
    if (version > schemaVersion) throw new Error('a newer version of this program made the file')
    // What an older version kept is of no use without its code: everybody logs in once more.
    if (version < schemaVersion) database.exec('DROP TABLE IF EXISTS session')
    database.exec(`${schema} COMMIT`)
    return database
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SettingsError([`SESSION_STORE cannot be used: ${path}: ${reason}`])
  }
}
