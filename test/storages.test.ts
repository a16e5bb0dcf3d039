import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openStorage } from '../bff/session/open-storage.ts'
import { type NewRow, type OpenStorage, type Row, sweepInterval } from '../bff/session/storage.ts'
import { createLog } from '../shared/log.ts'
import { borrowRedis, hasRedis } from './support/redis.ts'

interface Place {
  readonly name: string
  readonly location: (folder: string) => string
  /** What is left over where the next test looks, too. */
  readonly clear?: () => Promise<void>
}

const redis = hasRedis() ? await borrowRedis() : undefined
afterAll(() => redis?.[Symbol.asyncDispose]())

/** Every storage; a new one is one more line. */
const places: readonly Place[] = [
  { name: 'memory:', location: () => 'memory:' },
  { name: 'sqlite:', location: (folder) => `sqlite:${join(folder, 'sessions.db')}` },
  { name: 'redis:', location: () => redis?.url ?? '', clear: async () => redis?.empty() },
]

const minute = 60_000
const bytes = (text: string) => new TextEncoder().encode(text)
const later = (milliseconds: number) => Date.now() + milliseconds
const row = (text = 'sealed', lifetime = minute, indexes: readonly string[] = []): NewRow => ({
  sealed: bytes(text),
  about: bytes(`about ${text}`),
  seenAt: Date.now(),
  expiresAt: later(lifetime),
  indexes,
})
const winners = <Result>(results: PromiseSettledResult<Result>[]) =>
  results.filter((result) => result.status === 'fulfilled' && result.value !== false).length

const log = await createLog('test', 'silent')
let folder: string
beforeEach(() => {
  // Nothing here waits: the clock is moved, and with it the sweep's timer.
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true, force: true })
})

for (const place of places) {
  describe.runIf(place.name !== 'redis:' || redis !== undefined)(place.name, () => contract(place))
}

function contract({ name, location, clear }: Place) {
  let storage: OpenStorage
  beforeEach(async () => {
    storage = await openStorage(location(folder), log)
  })
  afterEach(async () => {
    await storage.close()
    await clear?.()
  })

  /** A row that was just made, as it is read. */
  async function created(
    key: string,
    text?: string,
    lifetime?: number,
    indexes?: readonly string[],
  ): Promise<Row> {
    await storage.create(key, row(text, lifetime, indexes))
    const made = await storage.read(key)
    if (!made) throw new Error('The row that was just made is not there')
    return made
  }
  const extend = (key: string, expiresAt: number) => storage.extend(key, { seenAt: Date.now(), expiresAt })
  const keysOf = async (index: string) => (await storage.find(index)).map(({ key }) => key).toSorted()

  describe('create and read', () => {
    test('a key that nobody created is nothing', async () => {
      expect(await storage.read('key')).toBeUndefined()
    })

    test.each([
      ['nothing', new Uint8Array(0)],
      ['every byte', Uint8Array.from({ length: 256 }, (_, index) => index)],
      ['a part of a larger buffer', Buffer.from('before content after').subarray(7, 14)],
      ['a megabyte', new Uint8Array(1_000_000).fill(0xc3)],
    ])('%s comes back byte for byte, as version 1, with its times', async (_content, content) => {
      const times = { seenAt: later(-1000), expiresAt: later(minute) }
      await storage.create('key', { sealed: content, about: content, ...times, indexes: ['index'] })
      const read = await storage.read('key')
      expect(read).toMatchObject({ version: 1, ended: false, ...times })
      const [found] = await storage.find('index')
      for (const part of [read?.sealed, read?.about, found?.sealed, found?.about]) {
        expect(Buffer.from(part ?? [1]).equals(content)).toBe(true)
      }
    })

    test('a row has what the interface says and nothing else', async () => {
      const { indexes: _, ...made } = row()
      expect(await created('key')).toEqual({ ...made, version: 1, ended: false })
    })

    test('a key that is taken is refused, and its row stays as it was', async () => {
      const before = await created('key', 'first')
      await expect(storage.create('key', row('second', 2 * minute, ['index']))).rejects.toThrow()
      expect(await storage.read('key')).toEqual(before)
      expect(await storage.find('index')).toEqual([])
    })

    test('one of twenty at once on the same key is taken', async () => {
      const all = Array.from({ length: 20 }, (_, index) => storage.create('key', row(String(index))))
      expect(winners(await Promise.allSettled(all))).toBe(1)
    })

    test('the place of a row that expired is free, before any sweep', async () => {
      const { version } = await created('key', 'first', 1000, ['old', 'both'])
      await storage.replace('key', version, bytes('first again'))
      await storage.end('key')
      vi.setSystemTime(later(1000))
      const { indexes: _, ...next } = row('second')
      await storage.create('key', { ...next, indexes: ['new', 'both'] })
      expect(await storage.read('key')).toEqual({ ...next, version: 1, ended: false })
      expect([await keysOf('old'), await keysOf('new'), await keysOf('both')]).toEqual([[], ['key'], ['key']])
    })

    test('a row made from one that was read begins at version 1 again', async () => {
      const { version } = await created('key')
      await storage.replace('key', version, bytes('changed'))
      await storage.end('key')
      const copy = await storage.read('key')
      if (copy) await storage.create('other', { ...copy, indexes: [] })
      expect(await storage.read('other')).toMatchObject({ version: 1, ended: false })
    })

    test('a deleted key can be taken again', async () => {
      await created('key', 'first')
      await storage.delete('key')
      expect(await created('key', 'second')).toMatchObject({ version: 1, sealed: bytes('second') })
    })
  })

  describe('replace', () => {
    test('changes the content, counts the version up and leaves the rest', async () => {
      const before = await created('key')
      vi.setSystemTime(later(1000))
      expect(await storage.replace('key', 1, bytes('new'))).toBe(true)
      expect(await storage.read('key')).toEqual({ ...before, version: 2, sealed: bytes('new') })
      expect(await storage.replace('key', 2, bytes('newer'))).toBe(true)
      expect(await storage.read('key')).toEqual({ ...before, version: 3, sealed: bytes('newer') })
    })

    test.each([0, 1, 3, -1])('version %d of a row that is at 2 changes nothing', async (version) => {
      await created('key')
      await storage.replace('key', 1, bytes('second'))
      const before = await storage.read('key')
      expect(await storage.replace('key', version, bytes('late'))).toBe(false)
      expect(await storage.read('key')).toEqual(before)
    })

    test('one of twenty at once that saw the same version wins', async () => {
      await created('key')
      const all = Array.from({ length: 20 }, (_, index) => storage.replace('key', 1, bytes(`${index}`)))
      expect(winners(await Promise.allSettled(all))).toBe(1)
      expect(await storage.read('key')).toMatchObject({ version: 2 })
    })

    test('neither makes a row nor brings a deleted one back', async () => {
      expect(await storage.replace('key', 1, bytes('x'))).toBe(false)
      const { version } = await created('key')
      await storage.delete('key')
      expect(await storage.replace('key', version, bytes('late'))).toBe(false)
      expect(await storage.read('key')).toBeUndefined()
    })
  })

  describe('reseal', () => {
    const resealed = { sealed: bytes('again'), about: bytes('about again'), indexes: ['new', 'both'] }

    test('changes what depends on the secret and nothing else, so that a replacement still fits', async () => {
      const before = await created('key', 'sealed', minute, ['old', 'both'])
      vi.setSystemTime(later(1000))
      expect(await storage.reseal('key', 1, resealed)).toBe(true)
      const { indexes: _, ...parts } = resealed
      expect(await storage.read('key')).toEqual({ ...before, ...parts })
      expect([await keysOf('old'), await keysOf('both'), await keysOf('new')]).toEqual([[], ['key'], ['key']])
      expect(await storage.replace('key', 1, bytes('newer'))).toBe(true)
      expect(await storage.read('key')).toMatchObject({ version: 2, sealed: bytes('newer') })
    })

    test('leaves indexes that last as long as the row, and go with it', async () => {
      await created('key', 'sealed', 1000)
      await extend('key', later(3000))
      await storage.reseal('key', 1, resealed)
      vi.setSystemTime(later(2999))
      expect(await keysOf('new')).toEqual(['key'])
      await extend('key', later(minute))
      vi.setSystemTime(later(1000))
      expect(await keysOf('new')).toEqual(['key'])
      await storage.end('key')
      expect([await keysOf('both'), await keysOf('new')]).toEqual([[], []])
    })

    test('leaves the indexes of other rows', async () => {
      await created('key', 'sealed', minute, ['old', 'both'])
      await created('other', 'sealed', minute, ['old', 'new'])
      await storage.reseal('key', 1, resealed)
      expect([await keysOf('old'), await keysOf('new')]).toEqual([['other'], ['key', 'other']])
    })

    test.each([0, 2, -1])('with version %d of a row that is at 1 changes nothing', async (version) => {
      const before = await created('key', 'sealed', minute, ['old'])
      expect(await storage.reseal('key', version, resealed)).toBe(false)
      expect(await storage.read('key')).toEqual(before)
      expect([await keysOf('old'), await keysOf('new')]).toEqual([['key'], []])
    })

    test('neither makes a row nor changes one that has ended or expired', async () => {
      expect(await storage.reseal('key', 1, resealed)).toBe(false)
      await created('ended', 'sealed', minute, ['old'])
      await storage.end('ended')
      await created('expired', 'sealed', 1000, ['old'])
      vi.setSystemTime(later(1000))
      const before = await storage.read('ended')
      expect(await storage.reseal('ended', 1, resealed)).toBe(false)
      expect(await storage.reseal('expired', 1, resealed)).toBe(false)
      expect([await storage.read('ended'), await storage.read('key')]).toEqual([before, undefined])
      expect(await keysOf('new')).toEqual([])
    })
  })

  describe('extend', () => {
    test('takes later times and leaves version and content, so that a replacement still fits', async () => {
      const before = await created('key')
      const times = { seenAt: later(1000), expiresAt: later(2 * minute) }
      expect(await storage.extend('key', times)).toBe(true)
      expect(await storage.read('key')).toEqual({ ...before, ...times })
      expect(await storage.replace('key', before.version, bytes('new'))).toBe(true)
      expect(await storage.read('key')).toMatchObject(times)
    })

    test.each([-minute, -1, 0])('does not take times that are %d ms later', async (difference) => {
      const before = await created('key')
      const times = { seenAt: before.seenAt + difference, expiresAt: before.expiresAt + difference }
      expect(await storage.extend('key', times)).toBe(true)
      expect(await storage.read('key')).toEqual(before)
    })

    test('takes each of the two times by itself', async () => {
      const before = await created('key')
      const [seenAt, expiresAt] = [before.seenAt + 1, before.expiresAt + 1]
      expect(await storage.extend('key', { seenAt: 0, expiresAt })).toBe(true)
      expect(await storage.read('key')).toEqual({ ...before, expiresAt })
      expect(await storage.extend('key', { seenAt, expiresAt: 0 })).toBe(true)
      expect(await storage.read('key')).toEqual({ ...before, seenAt, expiresAt })
    })

    test('of twenty at once leaves the latest times', async () => {
      const { seenAt, expiresAt } = await created('key')
      const all = Array.from({ length: 20 }, (_, index) => {
        const difference = (index * 7) % 20
        return storage.extend('key', { seenAt: seenAt + difference, expiresAt: expiresAt + difference })
      })
      expect(winners(await Promise.allSettled(all))).toBe(20)
      expect(await storage.read('key')).toMatchObject({ seenAt: seenAt + 19, expiresAt: expiresAt + 19 })
    })

    test('keeps a row alive beyond its first expiry, and no longer than it said', async () => {
      await created('key', 'sealed', 1000, ['index'])
      await extend('key', later(3000))
      vi.setSystemTime(later(2999))
      expect(await storage.read('key')).toBeDefined()
      expect(await keysOf('index')).toEqual(['key'])
      vi.setSystemTime(later(1))
      expect(await storage.read('key')).toBeUndefined()
      expect(await keysOf('index')).toEqual([])
    })

    test('neither makes a row nor brings a deleted one back', async () => {
      expect(await extend('key', later(minute))).toBe(false)
      await created('key', 'sealed', minute, ['index'])
      await storage.delete('key')
      expect(await extend('key', later(minute))).toBe(false)
      expect(await storage.read('key')).toBeUndefined()
      expect(await storage.find('index')).toEqual([])
    })
  })

  describe('end', () => {
    test('leaves the row to be read, as one that has ended', async () => {
      const before = await created('key')
      expect(await storage.end('key')).toBe(true)
      expect(await storage.read('key')).toEqual({ ...before, ended: true })
    })

    test('is true once, and ends that row only', async () => {
      await created('key')
      const other = await created('other')
      expect([await storage.end('key'), await storage.end('key')]).toEqual([true, false])
      expect(await storage.read('other')).toEqual(other)
    })

    test('is true for exactly one of twenty at once', async () => {
      await created('key')
      const all = Array.from({ length: 20 }, () => storage.end('key'))
      expect(winners(await Promise.allSettled(all))).toBe(1)
    })

    test('is final: nothing but a deletion changes the row', async () => {
      const { version } = await created('key', 'sealed', minute, ['index'])
      await storage.end('key')
      const before = await storage.read('key')
      expect(await storage.replace('key', version, bytes('late'))).toBe(false)
      expect(await extend('key', later(2 * minute))).toBe(false)
      await expect(storage.create('key', row('again', minute, ['index']))).rejects.toThrow()
      expect(await storage.read('key')).toEqual(before)
      expect(await storage.find('index')).toEqual([])
    })

    test('leaves a row that is deleted once, with or without its version', async () => {
      for (const version of [undefined, 1]) {
        await created('key')
        await storage.end('key')
        const all = Array.from({ length: 20 }, () => storage.delete('key', version))
        expect(winners(await Promise.allSettled(all))).toBe(1)
        expect(await storage.read('key')).toBeUndefined()
      }
    })

    test('neither makes a row nor brings a deleted one back', async () => {
      expect(await storage.end('key')).toBe(false)
      await created('key')
      await storage.delete('key')
      expect(await storage.end('key')).toBe(false)
      expect(await storage.read('key')).toBeUndefined()
    })
  })

  describe('delete', () => {
    test('is true once, and takes that row only', async () => {
      await created('key')
      await created('other')
      expect(await storage.delete('key')).toBe(true)
      expect(await storage.delete('key')).toBe(false)
      expect(await storage.read('key')).toBeUndefined()
      expect(await storage.read('other')).toBeDefined()
    })

    test('is true for exactly one of twenty at once', async () => {
      await created('key')
      const all = Array.from({ length: 20 }, () => storage.delete('key'))
      expect(winners(await Promise.allSettled(all))).toBe(1)
    })

    test.each([0, 1, 3, -1])('with version %d leaves a row that is at 2', async (version) => {
      await created('key', 'sealed', minute, ['index'])
      await storage.replace('key', 1, bytes('second'))
      const before = await storage.read('key')
      expect(await storage.delete('key', version)).toBe(false)
      expect(await storage.read('key')).toEqual(before)
      expect(await keysOf('index')).toEqual(['key'])
    })

    test('with the version of the row is true for exactly one of twenty at once', async () => {
      await created('key')
      await storage.replace('key', 1, bytes('second'))
      const all = Array.from({ length: 20 }, () => storage.delete('key', 2))
      expect(winners(await Promise.allSettled(all))).toBe(1)
      expect(await storage.read('key')).toBeUndefined()
    })

    test('or replacement: one of the two gets a version', async () => {
      await created('key')
      const both = [storage.delete('key', 1), storage.replace('key', 1, bytes('second'))]
      expect(winners(await Promise.allSettled(both))).toBe(1)
    })
  })

  describe('find', () => {
    test('an index that no row has finds nothing', async () => {
      await created('key', 'sealed', minute, ['index'])
      expect(await storage.find('other')).toEqual([])
      expect(await storage.find('key')).toEqual([])
    })

    test('finds every row with that index, as it is read, and no other', async () => {
      await created('a', 'one', minute, ['user 1'])
      await created('b', 'two', minute, ['user 1', 'login'])
      await created('c', 'three', minute, ['user 2', 'login'])
      await created('d', 'four')
      expect(await keysOf('user 1')).toEqual(['a', 'b'])
      expect(await keysOf('login')).toEqual(['b', 'c'])
      expect(await storage.find('user 2')).toEqual([{ key: 'c', ...(await storage.read('c')) }])
    })

    test('shows what replacement and extension have made of the row', async () => {
      await created('key', 'sealed', minute, ['index'])
      await storage.replace('key', 1, bytes('new'))
      await storage.extend('key', { seenAt: later(1000), expiresAt: later(2 * minute) })
      const read = await storage.read('key')
      expect(read).toMatchObject({ version: 2, seenAt: later(1000) })
      expect(await storage.find('index')).toEqual([{ key: 'key', ...read }])
    })

    test('finds no row that has ended, was deleted or has expired, by none of its indexes', async () => {
      for (const key of ['ended', 'deleted', 'live']) await created(key, 'sealed', minute, ['x', 'y'])
      await created('expired', 'sealed', 1000, ['x', 'y'])
      vi.setSystemTime(later(1000))
      await storage.end('ended')
      await storage.delete('deleted')
      expect([await keysOf('x'), await keysOf('y')]).toEqual([['live'], ['live']])
    })

    test('finds a key that was taken again by its new indexes only', async () => {
      await created('key', 'first', minute, ['old', 'both'])
      await storage.delete('key')
      await created('key', 'second', minute, ['both', 'new'])
      expect([await keysOf('old'), await keysOf('both'), await keysOf('new')]).toEqual([[], ['key'], ['key']])
    })

    test('finds all of a hundred rows that are made at once', async () => {
      const keys = Array.from({ length: 100 }, (_, number) => `key ${number}`)
      await Promise.all(keys.map((key) => storage.create(key, row(key, minute, ['index']))))
      expect(await keysOf('index')).toEqual(keys.toSorted())
    })
  })

  describe('seen', () => {
    test('says of each row that has neither ended nor expired when it was seen', async () => {
      expect(await storage.seen()).toEqual([])
      const start = Date.now()
      for (const key of ['ended', 'deleted', 'live', 'extended']) await created(key)
      await created('expired', 'sealed', 1000)
      await storage.lease('name', 'owner', minute)
      vi.setSystemTime(later(1000))
      await storage.end('ended')
      await storage.delete('deleted')
      await extend('extended', later(minute))
      expect((await storage.seen()).toSorted((a, b) => a - b)).toEqual([start, start + 1000])
    })

    test('counts every row once, however many there are', async () => {
      const keys = Array.from({ length: 1000 }, (_, number) => `key ${number}`)
      await Promise.all(keys.map((key) => storage.create(key, row(key, minute, ['index', `of ${key}`]))))
      expect(await storage.seen()).toHaveLength(1000)
    })
  })

  describe('a lease', () => {
    test('is its owner’s alone, who may ask again', async () => {
      expect(await storage.lease('name', 'owner', 1000)).toBe(true)
      expect(await storage.lease('name', 'other', 1000)).toBe(false)
      expect(await storage.lease('name', 'owner', 1000)).toBe(true)
      expect(await storage.lease('name', 'other', 1000)).toBe(false)
    })

    test('goes to one of twenty owners that ask at once', async () => {
      const all = Array.from({ length: 20 }, (_, owner) => storage.lease('name', `${owner}`, 1000))
      expect(winners(await Promise.allSettled(all))).toBe(1)
    })

    test('ends by itself, and only then goes to somebody else', async () => {
      await storage.lease('name', 'owner', 1000)
      vi.setSystemTime(later(999))
      expect(await storage.lease('name', 'other', 1000)).toBe(false)
      vi.setSystemTime(later(1))
      expect(await storage.lease('name', 'other', 1000)).toBe(true)
      expect(await storage.lease('name', 'owner', 1000)).toBe(false)
    })

    test('that has ended goes to one of twenty owners that ask at once', async () => {
      await storage.lease('name', 'owner', 1000)
      vi.setSystemTime(later(1000))
      const all = Array.from({ length: 20 }, (_, owner) => storage.lease('name', `${owner}`, 1000))
      expect(winners(await Promise.allSettled(all))).toBe(1)
    })

    test.each([
      ['longer', 1000],
      ['shorter', 200],
    ])('counts anew from when its owner asks again, also when that is %s', async (_which, milliseconds) => {
      await storage.lease('name', 'owner', 1000)
      vi.setSystemTime(later(500))
      expect(await storage.lease('name', 'owner', milliseconds)).toBe(true)
      vi.setSystemTime(later(milliseconds - 1))
      expect(await storage.lease('name', 'other', 1000)).toBe(false)
      vi.setSystemTime(later(1))
      expect(await storage.lease('name', 'other', 1000)).toBe(true)
    })

    test('is free for anybody once its owner gives it back', async () => {
      await storage.lease('name', 'owner', 1000)
      await storage.release('name', 'owner')
      expect(await storage.lease('name', 'other', 1000)).toBe(true)
    })

    test('is given back by its owner only, not by who had it before or never', async () => {
      await storage.lease('name', 'first', 1000)
      vi.setSystemTime(later(1000))
      await storage.lease('name', 'owner', 1000)
      for (const owner of ['first', 'stranger', '']) await storage.release('name', owner)
      expect(await storage.lease('name', 'other', 1000)).toBe(false)
    })

    test('that nobody has is given back without an error', async () => {
      await expect(storage.release('name', 'owner')).resolves.toBeUndefined()
    })

    test('has nothing to do with other leases, nor with the row or the index of that name', async () => {
      const before = await created('name', 'sealed', minute, ['name'])
      expect(await storage.lease('name', 'owner', 1000)).toBe(true)
      expect(await storage.lease('Name', 'other', 1000)).toBe(true)
      expect(await storage.read('name')).toEqual(before)
      expect(await keysOf('name')).toEqual(['name'])
      expect(await storage.delete('name')).toBe(true)
      expect(await storage.lease('name', 'other', 1000)).toBe(false)
    })
  })

  // Nobody shares what is in memory.
  describe.runIf(name !== 'memory:')('a count', () => {
    const count = (of: string, milliseconds = minute) => {
      if (!storage.count) throw new Error('The storage does not count')
      return storage.count(of, milliseconds)
    }

    test('rises by one each time, until a moment that stays', async () => {
      const begun = Date.now()
      const first = await count('name')
      expect(first.hits).toBe(1)
      expect(first.endsAt - begun).toBeGreaterThan(minute - 1000)
      expect(first.endsAt - begun).toBeLessThanOrEqual(minute)
      for (const hits of [2, 3]) expect((await count('name')).hits).toBe(hits)
      expect(Math.abs((await count('name')).endsAt - first.endsAt)).toBeLessThan(1000)
    })

    test('counts all of twenty that come at once', async () => {
      const all = await Promise.all(Array.from({ length: 20 }, () => count('name')))
      const expected = Array.from({ length: 20 }, (_, index) => index + 1)
      expect(all.map(({ hits }) => hits).toSorted((a, b) => a - b)).toEqual(expected)
    })

    test('has nothing to do with other counts, nor with the row, index or lease of that name', async () => {
      await created('name', 'sealed', minute, ['name'])
      await storage.lease('name', 'owner', minute)
      await count('name')
      expect([(await count('Name')).hits, (await count('name')).hits]).toEqual([1, 2])
      await storage.delete('name')
      expect((await count('name')).hits).toBe(3)
    })

    test('begins anew when its time is over', async () => {
      for (const hits of [1, 2]) expect((await count('name', 500)).hits).toBe(hits)
      // By the clock here, and by Redis's own, which is another one.
      vi.setSystemTime(later(500))
      await wait(700)
      const { hits, endsAt } = await count('name', 500)
      expect(hits).toBe(1)
      expect(endsAt).toBeGreaterThan(Date.now())
    })
  })

  describe('an expired row', () => {
    const operations: Record<string, (version: number) => Promise<unknown>> = {
      read: async () => (await storage.read('key')) !== undefined,
      replace: (version) => storage.replace('key', version, bytes('late')),
      extend: () => extend('key', later(minute)),
      end: () => storage.end('key'),
      delete: () => storage.delete('key'),
      'delete with version': (version) => storage.delete('key', version),
      find: async () => (await storage.find('index')).length === 1,
    }

    test.each(Object.entries(operations))(
      'is there for %s until its last millisecond',
      async (_op, operate) => {
        const { version } = await created('key', 'sealed', 1000, ['index'])
        vi.setSystemTime(later(999))
        expect(await operate(version)).toBe(true)
      },
    )

    test.each(Object.entries(operations))(
      'is gone for %s from then on, and stays gone',
      async (_op, operate) => {
        const { version } = await created('key', 'sealed', 1000, ['index'])
        vi.setSystemTime(later(1000))
        expect(await operate(version)).toBe(false)
        expect(await storage.read('key')).toBeUndefined()
      },
    )

    test('is gone from then on when it has ended, too', async () => {
      await created('key', 'sealed', 1000)
      await storage.end('key')
      vi.setSystemTime(later(999))
      expect(await storage.read('key')).toMatchObject({ ended: true })
      vi.setSystemTime(later(1))
      expect(await storage.read('key')).toBeUndefined()
      expect(await storage.delete('key')).toBe(false)
    })

    test('is swept without its neighbours', async () => {
      await created('short', 'sealed', 1000, ['index'])
      const long = await created('long', 'sealed', 3 * sweepInterval, ['index'])
      await storage.lease('short', 'owner', 1000)
      await storage.lease('long', 'owner', 3 * sweepInterval)
      vi.advanceTimersByTime(2 * sweepInterval)
      expect(await storage.read('short')).toBeUndefined()
      expect(await storage.read('long')).toEqual(long)
      expect(await keysOf('index')).toEqual(['long'])
      expect(await storage.lease('short', 'other', 1000)).toBe(true)
      expect(await storage.lease('long', 'other', 1000)).toBe(false)
    })
  })

  test('odd keys, indexes and names of leases are only that (S12)', async () => {
    const keys = [
      '',
      ' ',
      'k',
      'K',
      'k ',
      '__proto__',
      'constructor',
      'hasOwnProperty',
      '%',
      '_',
      '*',
      '../../x',
    ]
    keys.push(`' OR 1=1 --`, `"; DROP TABLE session; --`, 'a\nb', 'a\0b', 'a\0c', 'clé', 'cle\u0301', '🧥')
    keys.push('x'.repeat(10_000), `${'x'.repeat(9_999)}y`)
    for (const key of keys) expect(await storage.read(key)).toBeUndefined()
    for (const [index, key] of keys.entries()) {
      await storage.create(key, row(`content ${index}`, minute, [key, `of ${key}`]))
      expect(await storage.lease(key, key, minute)).toBe(true)
    }
    for (const [index, key] of keys.entries()) {
      expect(await storage.read(key)).toMatchObject({ version: 1, sealed: bytes(`content ${index}`) })
      expect(await storage.replace(key, 1, bytes(`changed ${index}`))).toBe(true)
      expect(await extend(key, later(2 * minute))).toBe(true)
      expect([await keysOf(key), await keysOf(`of ${key}`)]).toEqual([[key], [key]])
      expect(await storage.lease(key, 'other', minute)).toBe(false)
    }
    for (const [index, key] of keys.entries()) {
      expect(await storage.read(key)).toMatchObject({ version: 2, sealed: bytes(`changed ${index}`) })
      expect(await storage.delete(key)).toBe(true)
      expect(await storage.read(key)).toBeUndefined()
      expect(await storage.find(key)).toEqual([])
      await storage.release(key, key)
      expect(await storage.lease(key, 'other', minute)).toBe(true)
    }
  })

  test('a storage that works says so, and leaves no timer behind when it is closed', async () => {
    const timers = vi.getTimerCount()
    const other = await openStorage(location(join(folder, 'other')), log)
    await expect(other.check()).resolves.toBeUndefined()
    await other.close()
    expect(vi.getTimerCount()).toBe(timers)
  })
}
