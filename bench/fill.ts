import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { createClient } from '@redis/client'
import { openStorage } from '../bff/session/open-storage.ts'
import { createProvider } from '../bff/session/provider.ts'
import { createSessions } from '../bff/session/sessions.ts'
import { newTicket } from '../bff/session/ticket.ts'
import { embeddedClients } from '../shared/identity-provider.ts'
import { createLog } from '../shared/log.ts'
import { Secret } from '../shared/secret.ts'
import type { World } from './world.ts'

const day = 86_400

/** Sessions as logins make them, by the gateway's own code; their tickets. The API takes their access token. */
export async function beginSessions(world: World, location: string, count: number): Promise<string[]> {
  const log = await createLog('bench', 'silent')
  const storage = await openStorage(location, log)
  const { id: clientId, secret } = embeddedClients.gateway
  const provider = {
    kind: 'openid',
    issuer: world.tenant,
    clientId,
    clientSecret: new Secret(secret),
  } as const
  const sessions = createSessions({
    storage,
    secrets: [world.secret],
    issuer: world.tenant,
    clientId,
    idleSeconds: day,
    absoluteSeconds: day,
    provider: createProvider({ ...provider, audience: '', scope: '' }),
    log,
  })
  const accessToken = await world.serviceToken()
  const tickets = Array.from({ length: count }, newTicket)
  for (const ticket of tickets) {
    const tokens = { accessToken, refreshToken: newTicket(), expiresAt: Date.now() + day * 1000 }
    await sessions.begin(ticket, claims(world.tenant), tokens, userAgent)
  }
  await storage.close()
  return tickets
}

const userAgent =
  'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/** What an ID token of the tenant says. */
function claims(issuer: string) {
  const now = Math.floor(Date.now() / 1000)
  const sub = `auth0|${randomUUID()}`
  const name = 'somebody@example.com'
  const profile = {
    name,
    nickname: 'somebody',
    email: name,
    email_verified: true,
    updated_at: new Date().toISOString(),
  }
  const picture = `${issuer}avatars/somebody.svg`
  return {
    ...profile,
    sub,
    picture,
    sid: randomUUID(),
    iss: issuer,
    aud: 'cloakroom',
    iat: now,
    exp: now + 3600,
  }
}

/**
 * As many more rows as there are to be: copies of one, under keys and index names that nobody has, because sealing a
 * million would take half an hour. Nobody reads them; they are there to be stepped over.
 */
export function multiplySqlite(path: string, count: number): void {
  const database = new DatabaseSync(path)
  // A key has 43 characters.
  const key = 'substr(hex(randomblob(22)), 1, 43)'
  database.exec(`
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -4000000;
    BEGIN;
    CREATE TEMP TABLE copy AS
      WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${count})
      SELECT ${key} AS key FROM number ORDER BY 1;
    INSERT INTO session
      SELECT copy.key, version, sealed, about, seen_at, expires_at, ended
      FROM copy, (SELECT * FROM session LIMIT 1);
    CREATE TEMP TABLE name AS
      SELECT ${key} AS name, key FROM copy UNION ALL SELECT ${key} AS name, key FROM copy ORDER BY 1;
    INSERT INTO session_index SELECT name, key FROM name;
    COMMIT;
    PRAGMA wal_checkpoint(TRUNCATE);
  `)
  database.close()
}

/** The same in Redis. */
export async function multiplyRedis(url: string, count: number): Promise<void> {
  const client = await createClient({ url }).connect()
  const { keys } = await client.scan('0', { MATCH: 'cloakroom:session:*', COUNT: 1000 })
  const copy = `
    for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
      local key = redis.sha1hex(n) .. 'key'
      redis.call('COPY', KEYS[1], 'cloakroom:session:' .. key)
      for _, kind in ipairs({ 'sub', 'sid' }) do
        redis.call('ZADD', 'cloakroom:index:' .. redis.sha1hex(kind .. n) .. kind, 4e12, key)
      end
    end
  `
  for (let done = 0; done < count; done += 10_000) {
    const last = Math.min(count, done + 10_000)
    await client.eval(copy, { keys: [String(keys[0])], arguments: [String(done + 1), String(last)] })
  }
  client.destroy()
}
