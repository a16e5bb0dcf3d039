import { type Row, type SessionStorage, sweepInterval } from './storage.ts'

/** `memory:`, for trying things out: a restart logs everybody out. */
export function openMemoryStorage(): SessionStorage {
  const rows = new Map<string, Row>()
  const live = (key: string): Row | undefined => {
    const row = rows.get(key)
    return row && row.expiresAt > Date.now() ? row : undefined
  }
  const sweep = setInterval(() => {
    const now = Date.now()
    for (const [key, { expiresAt }] of rows) if (expiresAt <= now) rows.delete(key)
  }, sweepInterval).unref()

  return {
    read: async (key) => live(key),
    create: async (key, { sealed, expiresAt }) => {
      if (live(key)) throw new Error('The key is taken')
      rows.set(key, { version: 1, sealed, expiresAt })
    },
    replace: async (key, version, sealed) => {
      const row = live(key)
      if (row?.version !== version) return false
      rows.set(key, { version: version + 1, sealed, expiresAt: row.expiresAt })
      return true
    },
    extend: async (key, expiresAt) => {
      const row = live(key)
      if (!row) return false
      rows.set(key, { ...row, expiresAt: Math.max(row.expiresAt, expiresAt) })
      return true
    },
    delete: async (key) => live(key) !== undefined && rows.delete(key),
    check: async () => {},
    close: async () => clearInterval(sweep),
  }
}
