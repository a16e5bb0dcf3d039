import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

export interface Keys {
  /** RS256, private. */
  readonly signing: JWK
  /** Signs the tenant's cookies. */
  readonly cookie: string
}

/** The keys made at the first start; a restart must not invalidate tokens or cookies. */
export async function loadKeys(database: DatabaseSync): Promise<Keys> {
  const [signing, cookie] = await Promise.all([
    keep(database, 'signing key', createSigningKey),
    keep(database, 'cookie key', async () => randomBytes(32).toString('base64url')),
  ])
  return { signing: JSON.parse(signing), cookie }
}

/** Of two tenants that start at once on one folder, the first one's value is kept by both. */
async function keep(database: DatabaseSync, name: string, create: () => Promise<string>): Promise<string> {
  const select = database.prepare('SELECT value FROM secrets WHERE name = ?')
  if (!select.get(name)) {
    database.prepare('INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)').run(name, await create())
  }
  return String(select.get(name)?.value)
}

async function createSigningKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return JSON.stringify({ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'RS256', use: 'sig' })
}
