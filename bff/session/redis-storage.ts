import type { Log } from '../../shared/log.ts'
import { connectToRedis } from './redis-connection.ts'
import type { OpenStorage, Row } from './storage.ts'

const rowPrefix = 'cloakroom:session:'
const rowKey = (key: string) => rowPrefix + key
const indexKey = (name: string) => `cloakroom:index:${name}`
const countKey = (name: string) => `cloakroom:count:${name}`
const leaseKey = (name: string) => `cloakroom:lease:${name}`

const fields = ['version', 'sealed', 'about', 'seen_at', 'expires_at', 'ended']

const scan = { MATCH: `${rowPrefix}*`, COUNT: 200 }

/** `redis://` and `rediss://`. Opens also while Redis is down, and rejects everything until it is up. */
export async function openRedisStorage(url: string, log: Log): Promise<OpenStorage> {
  const { run, close } = await connectToRedis(url, log)
  const now = () => Date.now()

  return {
    read: async (key) => {
      const row = toRow(await run((redis) => redis.hmGet(rowKey(key), fields)))
      return row && row.expiresAt > now() ? row : undefined
    },
    create: async (key, { sealed, about, seenAt, expiresAt, indexes }) => {
      const keys = [rowKey(key), ...indexes.map(indexKey)]
      const args = [key, now(), binary(sealed), binary(about), seenAt, expiresAt]
      if (!(await run((redis) => redis.createRow(keys, args)))) throw new Error('The key is taken')
    },
    replace: (key, version, sealed) =>
      run((redis) => redis.replaceRow([rowKey(key)], [now(), version, binary(sealed)])),
    reseal: (key, version, { sealed, about, indexes }) => {
      const args = [key, now(), version, binary(sealed), binary(about)]
      return run((redis) => redis.resealRow([rowKey(key), ...indexes.map(indexKey)], args))
    },
    extend: (key, { seenAt, expiresAt }) =>
      run((redis) => redis.extendRow([rowKey(key)], [key, now(), seenAt, expiresAt])),
    end: (key) => run((redis) => redis.endRow([rowKey(key)], [key, now()])),
    delete: (key, version) => run((redis) => redis.removeRow([rowKey(key)], [key, now(), version ?? ''])),
    find: async (index) => {
      const found = await run((redis) => redis.findRows([indexKey(index)], [now(), rowPrefix, ...fields]))
      return found.flatMap(({ key, values }) => {
        const row = toRow(values)
        return row ? [{ key, ...row }] : []
      })
    },
    seen: async () => {
      // A scan may show a key twice.
      const seen = new Map<string, number>()
      let cursor = '0'
      do {
        const { cursor: next, keys } = await run((redis) => redis.scan(cursor, scan))
        const rows = await run((redis) => Promise.all(keys.map((key) => redis.hmGet(key, fields))))
        for (const [index, row] of rows.map(toRow).entries()) {
          if (row && !row.ended && row.expiresAt > now()) seen.set(String(keys[index]), row.seenAt)
        }
        cursor = String(next)
      } while (cursor !== '0')
      return [...seen.values()]
    },
    lease: (name, owner, milliseconds) =>
      run((redis) => redis.takeLease([leaseKey(name)], [now(), owner, milliseconds])),
    release: async (name, owner) => {
      await run((redis) => redis.giveLeaseBack([leaseKey(name)], [owner]))
    },
    count: async (name, milliseconds) => {
      const { hits, rest } = await run((redis) => redis.countRequest([countKey(name)], [milliseconds]))
      return { hits, endsAt: now() + rest }
    },
    check: async () => {
      await run((redis) => redis.ping())
    },
    close,
  }
}

/** The same bytes, as the client wants them. */
const binary = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function toRow(values: readonly (Buffer | null)[]): Row | undefined {
  const [version, sealed, about, seenAt, expiresAt, ended] = values
  if (!sealed || !about) return undefined
  return {
    version: Number(version),
    sealed: new Uint8Array(sealed),
    about: new Uint8Array(about),
    seenAt: Number(seenAt),
    expiresAt: Number(expiresAt),
    ended: String(ended) === '1',
  }
}
