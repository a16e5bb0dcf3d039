import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Provider } from '../../bff/session/provider.ts'
import type { Claims, Tokens } from '../../bff/session/session.ts'
import { createSessions, type Sessions } from '../../bff/session/sessions.ts'
import type { NewRow, SessionStorage } from '../../bff/session/storage.ts'
import { newTicket } from '../../bff/session/ticket.ts'
import { createLog } from '../../shared/log.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

export const idleSeconds = 1800
const log = await createLog('test', 'silent')
const text = (length: number) => randomBytes(length).toString('base64url').slice(0, length)

/** Sessions as a gateway keeps them, with a provider that is asked for nothing but what is given here. */
export function sessionsOn(storage: SessionStorage, provider: Partial<Provider> = {}): Sessions {
  const never = () => Promise.reject(new Error('Nobody asks the provider for this'))
  return createSessions({
    storage,
    secrets: ['secret-of-32-characters-or-even-more'],
    issuer: 'https://tenant.eu.auth0.com/',
    clientId: 'client',
    idleSeconds,
    absoluteSeconds: 43_200,
    provider: { refresh: never, revoke: never, endSessionEndpoint: never, ...provider },
    log,
  })
}

/** What this process has in memory without its garbage, in megabytes. */
export async function megabytesInUse(): Promise<number> {
  // Buffers are given back in the background, which tells nobody when it is done.
  for (let pass = 0; pass < 5; pass += 1) {
    collectGarbage()
    await wait(50)
  }
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1e6
}

/** Every user has three sessions. */
const userOf = (number: number) => `auth0|${String(Math.floor(number / 3)).padStart(24, '0')}`

/** As Auth0 makes them: a signed access token, a refresh token that says nothing. */
export const tokens = (expiresAt = Date.now() + 86_400_000): Tokens => ({
  accessToken: text(1200),
  refreshToken: `v1.${text(57)}`,
  expiresAt,
})

export function claimsOf(number: number): Claims {
  return {
    iss: 'https://tenant.eu.auth0.com/',
    aud: text(32),
    sub: userOf(number),
    sid: text(32),
    nonce: text(43),
    iat: 1_790_000_000,
    exp: 1_790_036_000,
    email: `user-${number}@example.com`,
    email_verified: true,
    name: `user-${number}@example.com`,
    nickname: `user-${number}`,
    updated_at: '2026-01-01T00:00:00.000Z',
    picture: `https://s.gravatar.com/avatar/${text(150)}`,
  }
}

const userAgent =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/** Logs so many in, a few at once; their tickets. */
export async function logIn(sessions: Sessions, count: number): Promise<string[]> {
  const tickets = Array.from({ length: count }, newTicket)
  await atOnce(tickets, (ticket, number) => sessions.begin(ticket, claimsOf(number), tokens(), userAgent))
  return tickets
}

/** Does it with each, so many at once. */
export async function atOnce<Item>(
  items: readonly Item[],
  work: (item: Item, number: number) => Promise<unknown>,
  width = 16,
): Promise<void> {
  const rest = items.entries()
  const worker = async () => {
    for (const [number, item] of rest) await work(item, number)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

/** The storage, and what it was given to keep, itself or in another way. */
export function noting(storage: SessionStorage, otherWay?: SessionStorage['create']) {
  const rows: { key: string; user: string; bytes: number }[] = []
  const noted: SessionStorage = {
    ...storage,
    create: async (key, row) => {
      await (otherWay ? otherWay(key, row) : storage.create(key, row))
      rows.push({ key, user: row.indexes[0] ?? '', bytes: row.sealed.length + row.about.length })
    },
  }
  return { storage: noted, rows }
}

/**
 * The storage, but that it asks again: on a machine with much else to do Redis may wait longer for its turn than a
 * gateway waits for Redis.
 */
export function insistent(storage: SessionStorage): SessionStorage {
  return new Proxy(storage, {
    get: (target, name: keyof SessionStorage) => {
      const operation: (...all: never[]) => Promise<unknown> = target[name].bind(target)
      return async (...parameters: never[]) => {
        for (;;) {
          try {
            return await operation(...parameters)
          } catch (error) {
            // It was done after all, the time before.
            if (String(error).includes('The key is taken')) return undefined
            await wait(50)
          }
        }
      }
    },
  })
}

/** A row of that size that nobody can open, for whoever counts only. */
export const dullRow = (number: number, seenAt: number, expiresAt: number): NewRow => ({
  sealed: randomBytes(2000),
  about: randomBytes(180),
  seenAt,
  expiresAt,
  indexes: [userOf(number), text(43)],
})

/** A line that can be copied into docs/sessions.md. */
export const figure = (name: string, value: string) => process.stdout.write(`  ${name}: ${value}\n`)

export type Work = (number: number) => Promise<unknown>

/** Microseconds of each, one after the other. */
async function timed(count: number, work: Work): Promise<number[]> {
  const times: number[] = []
  for (let number = 0; number < count; number += 1) {
    const start = performance.now()
    await work(number)
    times.push((performance.now() - start) * 1000)
  }
  return times
}

function told(times: readonly number[]): { median: number; line: string } {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
  return { median: at(0.5), line: `median ${at(0.5).toFixed(0)} µs, 95th ${at(0.95).toFixed(0)} µs` }
}

/**
 * How many times as long the median takes among many as among few. They take turns, so that whatever else the
 * machine does meets both alike.
 */
export async function ratio(name: string, few: Work, many: Work, each = 300): Promise<number> {
  const times = { few: [] as number[], many: [] as number[] }
  await timed(each, few)
  await timed(each, many)
  for (let turn = 0; turn < 5; turn += 1) {
    times.few.push(...(await timed(each, (number) => few(turn * each + number))))
    times.many.push(...(await timed(each, (number) => many(turn * each + number))))
  }
  const [a, b] = [told(times.few), told(times.many)]
  const quotient = b.median / a.median
  figure(name, `of 100: ${a.line}; of 100,000: ${b.line}; ratio ${quotient.toFixed(2)}`)
  return quotient
}

/** One of the list, far from the one before: the numbers run through all of it. */
export function spread<Item>(items: readonly Item[], number: number): Item {
  const item = items[(number * 7919) % items.length]
  if (item === undefined) throw new Error('An empty list')
  return item
}

/** A number with its thousands apart. */
export const grouped = (number: number) => Math.round(number).toLocaleString('en')
