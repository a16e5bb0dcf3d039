import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openStorage } from '../bff/session/open-storage.ts'
import { type Row, type SessionStorage, sweepInterval } from '../bff/session/storage.ts'

/** Every storage; a new one is one more line. */
const storages: readonly [name: string, location: (folder: string) => string][] = [
  ['memory:', () => 'memory:'],
  ['sqlite:', (folder) => `sqlite:${join(folder, 'sessions.db')}`],
]

const minute = 60_000
const bytes = (text: string) => new TextEncoder().encode(text)
const later = (milliseconds: number) => Date.now() + milliseconds
const row = (text = 'sealed', lifetime = minute) => ({ sealed: bytes(text), expiresAt: later(lifetime) })
const winners = <Result>(results: PromiseSettledResult<Result>[]) =>
  results.filter((result) => result.status === 'fulfilled' && result.value !== false).length

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

describe.each(storages)('%s', (_name, location) => {
  let storage: SessionStorage
  beforeEach(async () => {
    storage = await openStorage(location(folder))
  })
  afterEach(() => storage.close())

  /** A row that was just made, as it is read. */
  async function created(key: string, text?: string, lifetime?: number): Promise<Row> {
    await storage.create(key, row(text, lifetime))
    const made = await storage.read(key)
    if (!made) throw new Error('The row that was just made is not there')
    return made
  }

  describe('create and read', () => {
    test('a key that nobody created is nothing', async () => {
      expect(await storage.read('key')).toBeUndefined()
    })

    test.each([
      ['nothing', new Uint8Array(0)],
      ['every byte', Uint8Array.from({ length: 256 }, (_, index) => index)],
      ['a part of a larger buffer', Buffer.from('before content after').subarray(7, 14)],
      ['a megabyte', new Uint8Array(1_000_000).fill(0xc3)],
    ])('%s comes back byte for byte, as version 1, with its expiry', async (_content, sealed) => {
      const expiresAt = later(minute)
      await storage.create('key', { sealed, expiresAt })
      const read = await storage.read('key')
      expect(read).toMatchObject({ version: 1, expiresAt })
      expect(Buffer.from(read?.sealed ?? []).equals(sealed)).toBe(true)
    })

    test('a key that is taken is refused, and its row stays as it was', async () => {
      const before = await created('key', 'first')
      await expect(storage.create('key', row('second', 2 * minute))).rejects.toThrow()
      expect(await storage.read('key')).toEqual(before)
    })

    test('one of twenty at once on the same key is taken', async () => {
      const all = Array.from({ length: 20 }, (_, index) => storage.create('key', row(String(index))))
      expect(winners(await Promise.allSettled(all))).toBe(1)
    })

    test('the place of a row that expired is free, before any sweep', async () => {
      const { version } = await created('key', 'first', 1000)
      await storage.replace('key', version, bytes('first again'))
      vi.setSystemTime(later(1000))
      const next = row('second')
      await storage.create('key', next)
      expect(await storage.read('key')).toEqual({ ...next, version: 1 })
    })

    test('a row made from one that was read begins at version 1 again', async () => {
      const { version } = await created('key')
      await storage.replace('key', version, bytes('changed'))
      const copy = await storage.read('key')
      if (copy) await storage.create('other', copy)
      expect(await storage.read('other')).toMatchObject({ version: 1 })
    })

    test('a deleted key can be taken again', async () => {
      await created('key', 'first')
      await storage.delete('key')
      expect(await created('key', 'second')).toMatchObject({ version: 1, sealed: bytes('second') })
    })
  })

  describe('replace', () => {
    test('changes the content, counts the version up and leaves the expiry', async () => {
      const { expiresAt } = await created('key')
      vi.setSystemTime(later(1000))
      expect(await storage.replace('key', 1, bytes('new'))).toBe(true)
      expect(await storage.read('key')).toEqual({ version: 2, sealed: bytes('new'), expiresAt })
      expect(await storage.replace('key', 2, bytes('newer'))).toBe(true)
      expect(await storage.read('key')).toEqual({ version: 3, sealed: bytes('newer'), expiresAt })
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

  describe('extend', () => {
    test('takes a later expiry and leaves version and content, so that a replacement still fits', async () => {
      const before = await created('key')
      const expiresAt = later(2 * minute)
      expect(await storage.extend('key', expiresAt)).toBe(true)
      expect(await storage.read('key')).toEqual({ ...before, expiresAt })
      expect(await storage.replace('key', before.version, bytes('new'))).toBe(true)
    })

    test.each([-minute, -1, 0])('does not take an expiry that is %d ms later', async (difference) => {
      const before = await created('key')
      expect(await storage.extend('key', before.expiresAt + difference)).toBe(true)
      expect(await storage.read('key')).toEqual(before)
    })

    test('keeps a row alive beyond its first expiry, and no longer than it said', async () => {
      await created('key', 'sealed', 1000)
      await storage.extend('key', later(3000))
      vi.setSystemTime(later(2999))
      expect(await storage.read('key')).toBeDefined()
      vi.setSystemTime(later(1))
      expect(await storage.read('key')).toBeUndefined()
    })

    test('neither makes a row nor brings a deleted one back', async () => {
      expect(await storage.extend('key', later(minute))).toBe(false)
      await created('key')
      await storage.delete('key')
      expect(await storage.extend('key', later(minute))).toBe(false)
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
  })

  describe('an expired row', () => {
    const operations: Record<string, (version: number) => Promise<unknown>> = {
      read: async () => (await storage.read('key')) !== undefined,
      replace: (version) => storage.replace('key', version, bytes('late')),
      extend: () => storage.extend('key', later(minute)),
      delete: () => storage.delete('key'),
    }

    test.each(Object.entries(operations))(
      'is there for %s until its last millisecond',
      async (_op, operate) => {
        const { version } = await created('key', 'sealed', 1000)
        vi.setSystemTime(later(999))
        expect(await operate(version)).toBe(true)
      },
    )

    test.each(Object.entries(operations))(
      'is gone for %s from then on, and stays gone',
      async (_op, operate) => {
        const { version } = await created('key', 'sealed', 1000)
        vi.setSystemTime(later(1000))
        expect(await operate(version)).toBe(false)
        expect(await storage.read('key')).toBeUndefined()
      },
    )

    test('is swept without its neighbours', async () => {
      await created('short', 'sealed', 1000)
      const long = await created('long', 'sealed', 3 * sweepInterval)
      vi.advanceTimersByTime(2 * sweepInterval)
      expect(await storage.read('short')).toBeUndefined()
      expect(await storage.read('long')).toEqual(long)
    })
  })

  test('odd keys are only keys (S12)', async () => {
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
    for (const [index, key] of keys.entries()) await storage.create(key, row(`content ${index}`))
    for (const [index, key] of keys.entries()) {
      expect(await storage.read(key)).toMatchObject({ version: 1, sealed: bytes(`content ${index}`) })
      expect(await storage.replace(key, 1, bytes(`changed ${index}`))).toBe(true)
      expect(await storage.extend(key, later(2 * minute))).toBe(true)
    }
    for (const [index, key] of keys.entries()) {
      expect(await storage.read(key)).toMatchObject({ version: 2, sealed: bytes(`changed ${index}`) })
      expect(await storage.delete(key)).toBe(true)
      expect(await storage.read(key)).toBeUndefined()
    }
  })

  test('a storage that works says so, and leaves no timer behind when it is closed', async () => {
    const other = await openStorage(location(join(folder, 'other')))
    await expect(other.check()).resolves.toBeUndefined()
    const timers = vi.getTimerCount()
    await other.close()
    expect(vi.getTimerCount()).toBe(timers - 1)
  })
})
