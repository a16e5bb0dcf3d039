import { defineScript, type RedisArgument } from '@redis/client'

/**
 * What one of these does happens at once: Redis runs nothing in between. A row is a hash; an index is a sorted
 * set of the keys of rows by when they expire; a lease is a hash. `now` is the gateway's, so that rows expire to
 * the millisecond as in the other storages; Redis's own expiry follows later and only cleans up.
 */
const shared = `
  local slack = 60000
  local function rest(expires_at, now)
    return expires_at - now + slack
  end
  local function present(row, now)
    local expires_at = redis.call('HGET', row, 'expires_at')
    return expires_at and tonumber(expires_at) > tonumber(now)
  end
  local function live(row, now)
    return present(row, now) and redis.call('HGET', row, 'ended') == '0'
  end
  local function indexes(row)
    return cmsgpack.unpack(redis.call('HGET', row, 'indexes'))
  end
  local function unindex(row, key)
    for _, name in ipairs(indexes(row)) do redis.call('ZREM', name, key) end
  end
  local function keep(name, milliseconds)
    if redis.call('PTTL', name) < milliseconds then redis.call('PEXPIRE', name, milliseconds) end
  end
  local function index(row, names, key, expires_at, now)
    redis.call('HSET', row, 'indexes', cmsgpack.pack(names))
    for _, name in ipairs(names) do
      redis.call('ZREMRANGEBYSCORE', name, '-inf', now)
      redis.call('ZADD', name, expires_at, key)
      keep(name, rest(expires_at, now))
    end
  end
  local function later(a, b)
    return tonumber(a) > tonumber(b) and a or b
  end
`

/** KEYS: the row, then its indexes. */
const create = `
  local row, key = KEYS[1], ARGV[1]
  local now, sealed, about, seen_at, expires_at = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
  if present(row, now) then return 0 end
  redis.call('HSET', row, 'version', 1, 'sealed', sealed, 'about', about, 'seen_at', seen_at,
    'expires_at', expires_at, 'ended', 0)
  redis.call('PEXPIRE', row, rest(expires_at, now))
  index(row, { unpack(KEYS, 2) }, key, expires_at, now)
  return 1
`

const replace = `
  local row, now, version, sealed = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
  if not live(row, now) or redis.call('HGET', row, 'version') ~= version then return 0 end
  redis.call('HSET', row, 'version', version + 1, 'sealed', sealed)
  return 1
`

/** KEYS: the row, then its new indexes. */
const reseal = `
  local row, key, now, version, sealed, about = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
  if not live(row, now) or redis.call('HGET', row, 'version') ~= version then return 0 end
  unindex(row, key)
  redis.call('HSET', row, 'sealed', sealed, 'about', about)
  index(row, { unpack(KEYS, 2) }, key, redis.call('HGET', row, 'expires_at'), now)
  return 1
`

const extend = `
  local row, key, now = KEYS[1], ARGV[1], ARGV[2]
  if not live(row, now) then return 0 end
  local seen_at = later(redis.call('HGET', row, 'seen_at'), ARGV[3])
  local expires_at = later(redis.call('HGET', row, 'expires_at'), ARGV[4])
  redis.call('HSET', row, 'seen_at', seen_at, 'expires_at', expires_at)
  redis.call('PEXPIRE', row, rest(expires_at, now))
  for _, name in ipairs(indexes(row)) do
    redis.call('ZADD', name, expires_at, key)
    keep(name, rest(expires_at, now))
  end
  return 1
`

const end = `
  local row, key, now = KEYS[1], ARGV[1], ARGV[2]
  if not live(row, now) then return 0 end
  redis.call('HSET', row, 'ended', 1)
  unindex(row, key)
  return 1
`

const remove = `
  local row, key, now, version = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
  if not present(row, now) then return 0 end
  if version ~= '' and redis.call('HGET', row, 'version') ~= version then return 0 end
  unindex(row, key)
  redis.call('DEL', row)
  return 1
`

/** An index has live rows only, but for those that Redis threw away for want of memory: they come without content. */
const find = `
  local now, prefix, found = ARGV[1], ARGV[2], {}
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do
    table.insert(found, { key, redis.call('HMGET', prefix .. key, unpack(ARGV, 3)) })
  end
  return found
`

const lease = `
  local now, owner, milliseconds = ARGV[1], ARGV[2], ARGV[3]
  local holder = redis.call('HMGET', KEYS[1], 'owner', 'expires_at')
  if holder[1] and holder[1] ~= owner and tonumber(holder[2]) > tonumber(now) then return 0 end
  redis.call('HSET', KEYS[1], 'owner', owner, 'expires_at', now + milliseconds)
  redis.call('PEXPIRE', KEYS[1], milliseconds + slack)
  return 1
`

const release = `
  if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then redis.call('DEL', KEYS[1]) end
  return 1
`

/** By Redis's own clock: nobody is kept out for longer because a gateway's clock was set. */
const count = `
  local hits = redis.call('INCR', KEYS[1])
  if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return { hits, redis.call('PTTL', KEYS[1]) }
`

function script<Reply>(source: string, transformReply: (reply: unknown) => Reply) {
  return defineScript({
    SCRIPT: shared + source,
    parseCommand: (parser, keys: readonly string[], args: readonly (RedisArgument | number)[]) => {
      parser.pushKeysLength([...keys])
      parser.push(...args.map((arg) => (typeof arg === 'number' ? String(arg) : arg)))
    },
    transformReply,
  })
}

const counted = (reply: unknown) => {
  const [hits, rest] = reply as [hits: number, rest: number]
  return { hits, rest }
}
const isDone = (reply: unknown) => reply === 1
const found = (reply: unknown) =>
  (reply as [key: Buffer, values: (Buffer | null)[]][]).map(([key, values]) => ({ key: String(key), values }))

export const scripts = {
  createRow: script(create, isDone),
  replaceRow: script(replace, isDone),
  resealRow: script(reseal, isDone),
  extendRow: script(extend, isDone),
  endRow: script(end, isDone),
  removeRow: script(remove, isDone),
  findRows: script(find, found),
  countRequest: script(count, counted),
  takeLease: script(lease, isDone),
  giveLeaseBack: script(release, isDone),
}
