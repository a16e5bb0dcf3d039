import { type NewRow, type Row, type SessionStorage, sweepInterval } from './storage.ts'

/** `memory:`, for trying things out: a restart logs everybody out. */
export function openMemoryStorage(): SessionStorage {
  const rows = new Map<string, Row & Pick<NewRow, 'indexes'>>()
  const leases = new Map<string, { owner: string; until: number }>()
  const present = (key: string) => {
    const row = rows.get(key)
    return row && row.expiresAt > Date.now() ? row : undefined
  }
  const live = (key: string) => {
    const row = present(key)
    return row?.ended ? undefined : row
  }
  const sweep = setInterval(() => {
    const now = Date.now()
    for (const [key, { expiresAt }] of rows) if (expiresAt <= now) rows.delete(key)
    for (const [name, { until }] of leases) if (until <= now) leases.delete(name)
  }, sweepInterval).unref()

  return {
    read: async (key) => {
      const row = present(key)
      return row && shown(row)
    },
    create: async (key, { sealed, about, seenAt, expiresAt, indexes }) => {
      if (present(key)) throw new Error('The key is taken')
      rows.set(key, { version: 1, sealed, about, seenAt, expiresAt, ended: false, indexes })
    },
    replace: async (key, version, sealed) => {
      const row = live(key)
      if (row?.version !== version) return false
      rows.set(key, { ...row, version: version + 1, sealed })
      return true
    },
    reseal: async (key, version, { sealed, about, indexes }) => {
      const row = live(key)
      if (row?.version !== version) return false
      rows.set(key, { ...row, sealed, about, indexes })
      return true
    },
    extend: async (key, times) => {
      const row = live(key)
      if (!row) return false
      rows.set(key, {
        ...row,
        seenAt: Math.max(row.seenAt, times.seenAt),
        expiresAt: Math.max(row.expiresAt, times.expiresAt),
      })
      return true
    },
    end: async (key) => {
      const row = live(key)
      if (!row) return false
      rows.set(key, { ...row, ended: true })
      return true
    },
    delete: async (key, version) => {
      const row = present(key)
      return row !== undefined && (version ?? row.version) === row.version && rows.delete(key)
    },
    find: async (index) => {
      const found = [...rows].filter(([key, { indexes }]) => indexes.includes(index) && live(key))
      return found.map(([key, row]) => ({ key, ...shown(row) }))
    },
    seen: async () => [...rows.keys()].flatMap((key) => live(key)?.seenAt ?? []),
    lease: async (name, owner, milliseconds) => {
      const holder = leases.get(name)
      if (holder && holder.owner !== owner && holder.until > Date.now()) return false
      leases.set(name, { owner, until: Date.now() + milliseconds })
      return true
    },
    release: async (name, owner) => {
      if (leases.get(name)?.owner === owner) leases.delete(name)
    },
    check: async () => {},
    close: async () => clearInterval(sweep),
  }
}

/** Without its indexes. */
function shown({ version, sealed, about, seenAt, expiresAt, ended }: Row): Row {
  return { version, sealed, about, seenAt, expiresAt, ended }
}
