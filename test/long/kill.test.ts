import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { hasRedisProgram, RedisServer } from '../support/redis.ts'
import { Regular } from '../support/regular.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** A hundred take half an hour on a small machine; ten show that this works. */
const kills = Number(process.env.KILLS ?? 10)
const regulars = 5
/** All of them come from one address, and log in more often than people do. */
const settings = { TENANT_ACCESS_TOKEN_SECONDS: '5', LOGIN_RATE: '999999' }

/** The moments and what the visitors do come from it; what the machine does in a millisecond does not. */
const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** mulberry32: small, and the same on every machine. */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The keys of the rows; and that the storage is in order. */
type Keys = () => Promise<string[]> | string[]

describe.concurrent(`a gateway that is killed ${kills} times at random moments (seed ${seed})`, () => {
  test('on a file keeps every session and every logout that it has answered for (F26, F27)', async () => {
    await using stack = await startStack(settings)
    await killAgainAndAgain('SQLite', stack, () => {
      // While the gateway has the file open: whoever opens a file first mends it, and that is to be the gateway.
      const database = stack.sessionsFile()
      expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
      const rows = database.prepare('SELECT key FROM session').all()
      database.close()
      return rows.map(({ key }) => String(key))
    })
  })

  test.skipIf(!hasRedisProgram())(
    'on Redis keeps every session and every logout that it has answered for (F26, F27)',
    async () => {
      await using redis = await RedisServer.start()
      await using stack = await startStack({ SESSION_STORE: redis.url, ...settings })
      await killAgainAndAgain('Redis', stack, async () => {
        const found = await redis.command('KEYS', 'cloakroom:session:*')
        return (Array.isArray(found) ? found : []).map((name) =>
          String(name).slice('cloakroom:session:'.length),
        )
      })
    },
  )
})

async function killAgainAndAgain(name: string, stack: Stack, keys: Keys): Promise<void> {
  const random = randomFrom(seed)
  const all = Array.from(
    { length: regulars },
    (_, index) => new Regular(stack, index, randomFrom(seed + index)),
  )
  const sum = (count: (each: Regular) => number) => all.reduce((total, each) => total + count(each), 0)
  await Promise.all(all.map((each) => each.signUp()))

  for (let kill = 1; kill <= kills; kill += 1) {
    let isOver = false
    const load = all.map((each) => each.comeAndGo(() => isOver))
    await momentOf(stack, all, random)
    isOver = true
    expect(await stack.bff.stop('SIGKILL')).toBe('SIGKILL')
    await Promise.all(load)
    await stack.bff.start()
    await Promise.all(all.map((each) => each.lookAround()))
    expect([kill, all.flatMap(({ complaints }) => complaints)]).toEqual([kill, []])
    await expectNoStrayRows(keys, all, sum)
  }
  await Promise.all(all.map((each) => each.settle()))
  expect(all.flatMap(({ complaints }) => complaints)).toEqual([])

  const answers = all.flatMap(({ browser }) => browser.seen).filter(({ url }) => url.origin === stack.baseUrl)
  expect(answers.filter(({ status }) => status >= 500 && status !== 503)).toEqual([])
  expect(stack.bff.log.filter(({ level }) => level === 'fatal')).toEqual([])
  const cut = { login: sum((each) => each.cut.login), logout: sum((each) => each.cut.logout) }
  const requests = sum((each) => each.cut.request)
  const putOff = sum((each) => each.putOff)
  const [ended, refused] = [sum((each) => each.ended), refusedRefreshes(stack)]
  process.stderr.write(
    `${name}, seed ${seed}: ${kills} kills, ${answers.length} answers; cut: ${cut.login} logins, ${cut.logout} ` +
      `logouts, ${requests} requests; rotated and not saved, so a new login: ${ended} (${refused} refused); 503: ${putOff}\n`,
  )
  // A file is never too slow.
  if (name === 'SQLite') expect(putOff).toBe(0)
  // The moments were good ones: over so many, each kind of work was cut.
  if (kills >= 100) expect(Math.min(cut.login, cut.logout, requests)).toBeGreaterThan(0)
  // Sessions end in one way only: the provider has rotated, the gateway died before it saved, and the spent refresh
  // token is taken for a stolen one (F08).
  expect(ended).toBeLessThanOrEqual(refused)
}

/** Somewhere, or in the middle of something: a callback, a logout, or a refresh that the provider has just served. */
async function momentOf(stack: Stack, all: readonly Regular[], random: () => number): Promise<void> {
  const [dice, delay] = [random(), random()]
  if (dice < 0.4) return wait(delay * 400)
  const served = stack.tenant.log.length
  const refresh = () =>
    stack.tenant.line((line) => line.grant === 'refresh_token' && stack.tenant.log.indexOf(line) >= served)
  const moment = dice < 0.7 ? sent(all, '/callback') : dice < 0.85 ? sent(all, '/logout') : refresh()
  // It may be that nobody does that now.
  await Promise.race([moment, wait(1500, undefined, { ref: false })])
  await wait(delay * 15)
}

/** Resolves when one of them sends a request to that path. */
function sent(all: readonly Regular[], path: string): Promise<void> {
  return new Promise((resolve) => {
    for (const { browser } of all) {
      browser.onRequest = (sentTo) => {
        if (sentTo === path) resolve()
      }
    }
  })
}

/**
 * Every session has its row. A row that nobody has a ticket to can only come from a login that was cut after it was
 * saved and before it was answered: nobody can use it, and it goes when it is idle for too long.
 */
async function expectNoStrayRows(
  keys: Keys,
  all: readonly Regular[],
  sum: (count: (each: Regular) => number) => number,
): Promise<void> {
  const rows = new Set(await keys())
  for (const each of all) {
    if (each.session !== 'yes') continue
    const ticket = (await each.browser.ticket()) ?? ''
    expect(rows.delete(createHash('sha256').update(ticket).digest('base64url'))).toBe(true)
  }
  expect(rows.size).toBeLessThanOrEqual(sum(({ cut }) => cut.login))
}

function refusedRefreshes({ tenant }: Stack): number {
  return tenant.log.filter(({ grant, msg }) => grant === 'refresh_token' && msg === 'grant refused').length
}
