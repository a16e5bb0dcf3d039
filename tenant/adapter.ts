import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'

const now = () => Math.floor(Date.now() / 1000)

/** Only the hash of an opaque token or cookie is written: whoever reads the file cannot use what is in it. */
const hash = (id: string) => createHash('sha256').update(id).digest('base64url')

/** Where oidc-provider keeps sessions, interactions, grants, codes and refresh tokens. */
export function createAdapter(database: DatabaseSync): AdapterFactory {
  const upsert = database.prepare(
    `INSERT INTO records (kind, key, payload, uid, grant_id, expires_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (kind, key) DO UPDATE SET
       payload = excluded.payload, uid = excluded.uid, grant_id = excluded.grant_id, expires_at = excluded.expires_at`,
  )
  const find = database.prepare('SELECT payload, consumed_at FROM records WHERE kind = ? AND key = ?')
  const findByUid = database.prepare('SELECT payload FROM records WHERE kind = ? AND uid = ?')
  const consume = database.prepare(
    'UPDATE records SET consumed_at = ? WHERE kind = ? AND key = ? AND consumed_at IS NULL RETURNING key',
  )
  const grantOf = database.prepare('SELECT grant_id FROM records WHERE kind = ? AND key = ?')
  const destroy = database.prepare('DELETE FROM records WHERE kind = ? AND key = ?')
  const revokeKind = database.prepare('DELETE FROM records WHERE kind = ? AND grant_id = ?')
  const revokeAll = database.prepare('DELETE FROM records WHERE grant_id = ?')

  return (kind) => ({
    async upsert(id, { jti: _id, consumed: _consumed, ...payload }, expiresIn) {
      const { uid = null, grantId = null } = payload
      const expiresAt = expiresIn === undefined ? null : now() + expiresIn
      upsert.run(kind, hash(id), JSON.stringify(payload), uid, grantId, expiresAt)
    },

    async find(id) {
      const row = find.get(kind, hash(id))
      if (!row) return undefined
      return {
        ...parse(row.payload),
        jti: id,
        ...(row.consumed_at !== null && { consumed: row.consumed_at }),
      }
    },

    /** Without the id, which is not known here; it is called only to compare accounts. */
    async findByUid(uid) {
      const row = findByUid.get(kind, uid)
      return row && parse(row.payload)
    },

    async findByUserCode() {
      return undefined
    },

    /**
     * oidc-provider looks whether a token was used before it comes here, with other requests in between.
     * One UPDATE decides who was first. The other one is a reuse: both may be the thief, so the grant ends
     * (RFC 9700 section 4.14.2).
     */
    async consume(id) {
      if (consume.get(now(), kind, hash(id))) return
      const grantId = grantOf.get(kind, hash(id))?.grant_id
      if (typeof grantId === 'string') {
        revokeAll.run(grantId)
        destroy.run('Grant', hash(grantId))
      }
      throw new errors.InvalidGrant('already used')
    },

    async destroy(id) {
      destroy.run(kind, hash(id))
    },

    async revokeByGrantId(grantId) {
      revokeKind.run(kind, grantId)
    },
  })
}

/** Deletes what has expired. */
export function sweep(database: DatabaseSync): void {
  database.prepare('DELETE FROM records WHERE expires_at <= ?').run(now())
}

function parse(payload: unknown): AdapterPayload {
  return JSON.parse(String(payload))
}
