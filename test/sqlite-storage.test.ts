import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openStorage } from '../bff/session/open-storage.ts'
import { type NewRow, type OpenStorage, type SessionStorage, sweepInterval } from '../bff/session/storage.ts'
import { createLog } from '../shared/log.ts'

/** What every storage promises is in storages.test.ts; this is what a file adds to it. */
const sealed = new TextEncoder().encode('sealed')
const expiresAt = () => Date.now() + 60_000
const row = (lifetime = 60_000): NewRow => ({
  sealed,
  about: sealed,
  seenAt: Date.now(),
  expiresAt: Date.now() + lifetime,
  indexes: ['index'],
})

const log = await createLog('test', 'silent')
let folder: string
let path: string
let storage: OpenStorage
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
  path = join(folder, 'data', 'sessions.db')
  storage = await openStorage(`sqlite:${path}`, log)
})
afterEach(async () => {
  await storage.close()
  vi.useRealTimers()
  rmSync(folder, { recursive: true, force: true })
})

/** What another program on the machine does to the file. */
function elsewhere(...statements: string[]): void {
  const database = new DatabaseSync(path)
  for (const statement of statements) database.exec(statement)
  database.close()
}

/** The keys of the rows, the keys that an index leads to, and the names of the leases and counts. */
function keysInFile(table: 'session' | 'session_index' | 'lease' | 'request_count' = 'session'): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const column = table.startsWith('session') ? 'key' : 'name'
  const rows = database.prepare(`SELECT ${column} AS key FROM ${table} ORDER BY 1`).all()
  database.close()
  return rows.map(({ key }) => key)
}
const everythingInFile = () => [
  keysInFile(),
  keysInFile('session_index'),
  keysInFile('lease'),
  keysInFile('request_count'),
]

describe('a row that was read, and so is kept', () => {
  const content = new TextEncoder().encode('other content')
  /** What becomes of the row, by whoever has the file. */
  const changes: readonly [string, (at: SessionStorage) => Promise<unknown>, object | undefined][] = [
    ['replaced', (at) => at.replace('key', 1, content), { version: 2, sealed: content }],
    [
      'sealed anew',
      (at) => at.reseal('key', 1, { sealed: content, about: content, indexes: [] }),
      { version: 1, sealed: content, about: content },
    ],
    [
      'extended',
      (at) => at.extend('key', { seenAt: Date.now() + 1000, expiresAt: Date.now() + 120_000 }),
      { expiresAt: expect.any(Number) },
    ],
    ['ended', (at) => at.end('key'), { ended: true }],
    ['deleted', (at) => at.delete('key'), undefined],
  ]
  test.each(changes)('is read anew when another connection has %s it', async (_what, change, changed) => {
    await using other = Object.assign(await openStorage(`sqlite:${path}`, log), {
      [Symbol.asyncDispose]: () => other.close(),
    })
    await storage.create('key', row())
    const before = await storage.read('key')
    expect(await storage.read('key')).toBe(before)
    expect(await change(other)).toBe(true)
    const after = await storage.read('key')
    if (changed) expect(after).toMatchObject(changed)
    expect(after).toEqual(await other.read('key'))
    expect(after).not.toEqual(before)
  })

  test.each(changes)('is read anew when it was %s here', async (_what, change, changed) => {
    await storage.create('key', row())
    const before = await storage.read('key')
    expect(await change(storage)).toBe(true)
    const after = await storage.read('key')
    if (changed) expect(after).toMatchObject(changed)
    expect(after).not.toEqual(before)
  })

  test('is read anew when another program has put another in its place', async () => {
    await storage.create('key', row())
    await storage.read('key')
    elsewhere(`UPDATE session SET about = x'00' WHERE key = 'key'`)
    expect(await storage.read('key')).toMatchObject({ about: new Uint8Array([0]) })
  })

  test('is gone when its time is over', async () => {
    await storage.create('key', row(1000))
    await storage.read('key')
    vi.advanceTimersByTime(1000)
    expect(await storage.read('key')).toBeUndefined()
  })

  test('is gone for good when it was swept, also when the clock is set back', async () => {
    await storage.create('key', row(1000))
    await storage.read('key')
    vi.advanceTimersByTime(sweepInterval)
    vi.setSystemTime(Date.now() - 2 * sweepInterval)
    expect(await storage.read('key')).toBeUndefined()
  })

  test('is not the one that is made under its key when it has expired', async () => {
    await storage.create('key', row(1000))
    await storage.read('key')
    vi.advanceTimersByTime(1000)
    await storage.create('key', { ...row(), sealed: content })
    expect(await storage.read('key')).toMatchObject({ sealed: content })
  })
})

/** Every operation that writes, on a row that is there at version 1. */
const writes: Readonly<Record<string, () => Promise<unknown>>> = {
  create: () => storage.create('other', row()),
  replace: () => storage.replace('key', 1, sealed),
  extend: () => storage.extend('key', { seenAt: Date.now(), expiresAt: expiresAt() + 1 }),
  lease: () => storage.lease('name', 'owner', 1000),
  release: () => storage.release('name', 'owner'),
  count: async () => storage.count?.('name', 1000),
  end: () => storage.end('key'),
  delete: () => storage.delete('key'),
}

describe('one file, opened twice', () => {
  let second: OpenStorage
  beforeEach(async () => {
    second = await openStorage(`sqlite:${path}`, log)
    await storage.create('key', row())
  })
  afterEach(() => second.close())

  test('both see what the other one does', async () => {
    const made = await storage.read('key')
    expect(made).toBeDefined()
    expect(await second.read('key')).toEqual(made)
    await expect(second.create('key', row())).rejects.toThrow()
    expect(await second.replace('key', 1, sealed)).toBe(true)
    expect(await storage.replace('key', 1, sealed)).toBe(false)
    const times = { seenAt: Date.now() + 1, expiresAt: expiresAt() + 1000 }
    expect(await storage.extend('key', times)).toBe(true)
    expect(await second.read('key')).toMatchObject({ version: 2, ...times })
    expect(await second.find('index')).toEqual([{ key: 'key', ...(await storage.read('key')) }])
    expect(await storage.end('key')).toBe(true)
    expect(await second.end('key')).toBe(false)
    expect(await second.find('index')).toEqual([])
    expect(await second.delete('key', 2)).toBe(true)
    expect(await storage.read('key')).toBeUndefined()
    expect(await storage.lease('name', 'one', 1000)).toBe(true)
    expect(await second.lease('name', 'two', 1000)).toBe(false)
    await storage.release('name', 'one')
    expect(await second.lease('name', 'two', 1000)).toBe(true)
    const endsAt = Date.now() + 1000
    expect(await storage.count?.('name', 1000)).toEqual({ hits: 1, endsAt })
    vi.setSystemTime(endsAt - 1)
    expect(await second.count?.('name', 1000)).toEqual({ hits: 2, endsAt })
    vi.setSystemTime(endsAt)
    expect(await second.count?.('name', 1000)).toEqual({ hits: 1, endsAt: endsAt + 1000 })
  })

  test('one of many deletions in both is the first', async () => {
    const all = Array.from({ length: 20 }, (_, index) => (index % 2 ? storage : second).delete('key'))
    expect((await Promise.all(all)).filter(Boolean)).toHaveLength(1)
  })

  test('one of many that want a lease in both gets it', async () => {
    const all = Array.from({ length: 20 }, (_, owner) =>
      (owner % 2 ? storage : second).lease('name', `${owner}`, 1000),
    )
    expect((await Promise.all(all)).filter(Boolean)).toHaveLength(1)
  })
})

test('rows are as they were after closing and opening again', async () => {
  await storage.create('key', row())
  await storage.replace('key', 1, sealed)
  await storage.end('key')
  await storage.create('other', row())
  await storage.lease('name', 'owner', 1000)
  const before = [await storage.read('key'), await storage.read('other'), await storage.find('index')]
  await storage.close()
  storage = await openStorage(`sqlite:${path}`, log)
  expect(before[0]).toMatchObject({ version: 2, ended: true })
  expect([await storage.read('key'), await storage.read('other'), await storage.find('index')]).toEqual(
    before,
  )
  expect(await storage.lease('name', 'other', 1000)).toBe(false)
})

test('a sweep of more than one step of it takes goes on until all have gone', async () => {
  for (let number = 0; number < 180; number += 1) {
    await storage.create(`key ${number}`, row())
    await storage.lease(`name ${number}`, 'owner', 1000)
    await storage.count?.(`name ${number}`, 1000)
  }
  await storage.create('later', row(3 * sweepInterval))
  vi.setSystemTime(expiresAt() + 1)
  vi.advanceTimersByTime(sweepInterval)
  await expect.poll(everythingInFile).toEqual([['later'], ['later'], [], []])
})

test('what an older version kept is thrown away: everybody logs in once more (F41)', async () => {
  await storage.close()
  rmSync(path)
  elsewhere(
    'CREATE TABLE session (key TEXT PRIMARY KEY, version INTEGER, sealed BLOB, expires_at INTEGER) STRICT',
    `INSERT INTO session VALUES ('key', 1, x'00', ${expiresAt()})`,
    'PRAGMA user_version = 1',
  )
  storage = await openStorage(`sqlite:${path}`, log)
  expect(await storage.read('key')).toBeUndefined()
  await storage.create('key', row())
  expect(await storage.read('key')).toMatchObject({ version: 1, ended: false })
})

test('a file of a version that did not count keeps its sessions, and counts', async () => {
  await storage.create('key', row())
  await storage.close()
  elsewhere('DROP TABLE request_count', 'PRAGMA user_version = 3')
  storage = await openStorage(`sqlite:${path}`, log)
  expect(await storage.read('key')).toMatchObject({ version: 1, ended: false })
  expect(await storage.count?.('name', 1000)).toMatchObject({ hits: 1 })
})

test('a count that began before the clock was set back begins anew', async () => {
  for (const hits of [1, 2]) expect(await storage.count?.('name', 1000)).toMatchObject({ hits })
  vi.setSystemTime(Date.now() - 60_000)
  expect(await storage.count?.('name', 1000)).toEqual({ hits: 1, endsAt: Date.now() + 1000 })
})

test('a file that a newer version made is not touched (F41)', async () => {
  await storage.create('key', row())
  elsewhere('PRAGMA user_version = 1000')
  await expect(openStorage(`sqlite:${path}`, log)).rejects.toThrow('a newer version')
  expect(keysInFile()).toEqual(['key'])
})

test('the folder, the file and its journals are for their owner only (I09)', async () => {
  await storage.create('key', row())
  const modes = [join(folder, 'data'), path, `${path}-wal`, `${path}-shm`].map((file) => statSync(file).mode)
  expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['700', '600', '600', '600'])
})

test('a file that others could read is closed to them', async () => {
  const shared = join(folder, 'shared.db')
  const database = new DatabaseSync(shared)
  database.exec('CREATE TABLE x (y)')
  database.close()
  expect(statSync(shared).mode & 0o044).not.toBe(0)
  await (await openStorage(`sqlite:${shared}`, log)).close()
  expect((statSync(shared).mode & 0o777).toString(8)).toBe('600')
})

describe('another program that is done within half a second is waited for', () => {
  /** Holds the lock of the file for a moment, on a thread of its own: a storage that waits blocks ours. */
  async function lockForAMoment(file: string): Promise<void> {
    const code = `
      const { parentPort, workerData } = require('node:worker_threads')
      const { DatabaseSync } = require('node:sqlite')
      const database = new DatabaseSync(workerData)
      database.exec('BEGIN EXCLUSIVE')
      parentPort.postMessage('locked')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150)
      database.exec('ROLLBACK')
    `
    await once(new Worker(code, { eval: true, workerData: file }), 'message')
  }

  test('by a write', async () => {
    await lockForAMoment(path)
    await storage.create('key', row())
    expect(keysInFile()).toEqual(['key'])
  })

  test('by opening a file that is new, as two gateways do that start at once', async () => {
    const fresh = join(folder, 'fresh.db')
    await lockForAMoment(fresh)
    const other = await openStorage(`sqlite:${fresh}`, log)
    await expect(other.check()).resolves.toBeUndefined()
    await other.close()
  })
})

describe('expired rows, their indexes, expired leases and counts', () => {
  beforeEach(async () => {
    for (const [name, lifetime] of [['long', 10 * sweepInterval] as const, ['short', 1000] as const]) {
      await storage.create(name, row(lifetime))
      await storage.lease(name, 'owner', lifetime)
      await storage.count?.(name, lifetime)
    }
  })

  test('leave the file with the next sweep (S20)', () => {
    vi.advanceTimersByTime(sweepInterval - 1)
    expect(everythingInFile()).toEqual(Array(4).fill(['long', 'short']))
    vi.advanceTimersByTime(1)
    expect(everythingInFile()).toEqual(Array(4).fill(['long']))
  })

  test('leave the file with a later sweep when somebody else is writing: that ends no program (F19)', () => {
    const other = new DatabaseSync(path)
    other.exec('BEGIN EXCLUSIVE')
    vi.advanceTimersByTime(sweepInterval)
    other.exec('ROLLBACK')
    other.close()
    expect(everythingInFile()).toEqual(Array(4).fill(['long', 'short']))
    vi.advanceTimersByTime(sweepInterval)
    expect(everythingInFile()).toEqual(Array(4).fill(['long']))
  })

  test('leave the file with the row when that is deleted, and the index when the place is taken again', async () => {
    await storage.delete('long')
    expect(keysInFile('session_index')).toEqual(['short'])
    vi.setSystemTime(Date.now() + 1000)
    await storage.create('short', { ...row(), indexes: [] })
    expect(keysInFile('session_index')).toEqual([])
  })
})

describe('a storage that fails', () => {
  beforeEach(() => storage.create('key', row()))

  test('keeps nothing of a row whose index cannot be written', async () => {
    elsewhere('ALTER TABLE session_index RENAME TO away')
    await expect(storage.create('other', row())).rejects.toThrow('no such table')
    elsewhere('ALTER TABLE away RENAME TO session_index')
    expect(keysInFile()).toEqual(['key'])
    await storage.create('other', row())
    expect(keysInFile('session_index')).toEqual(['key', 'other'])
  })

  test.each(Object.entries(writes))(
    'rejects %s while another program writes, and takes it afterwards (F19)',
    async (_op, write) => {
      const other = new DatabaseSync(path)
      other.exec('BEGIN EXCLUSIVE')
      await expect(write()).rejects.toThrow('locked')
      // Who only reads does not notice.
      await expect(storage.check()).resolves.toBeUndefined()
      expect(await storage.read('key')).toMatchObject({ version: 1 })
      other.exec('ROLLBACK')
      other.close()
      expect(await write()).not.toBe(false)
    },
  )

  const all = {
    ...writes,
    read: () => storage.read('key'),
    find: () => storage.find('index'),
    check: () => storage.check(),
  }
  test.each(Object.entries(all))(
    'rejects %s while its tables are away, and only then',
    async (_op, operate) => {
      const tables = ['session', 'lease', 'request_count']
      elsewhere(...tables.map((table) => `ALTER TABLE ${table} RENAME TO away_${table}`))
      await expect(operate()).rejects.toThrow('no such table')
      elsewhere(...tables.map((table) => `ALTER TABLE away_${table} RENAME TO ${table}`))
      await expect(operate()).resolves.not.toBe(false)
    },
  )

  test.each([
    ['a folder', ''],
    ['a file that is no database', 'text'],
    ['a folder below a file', 'text/sessions.db'],
  ])('is not opened at %s, and the error names the setting', async (_name, name) => {
    writeFileSync(join(folder, 'text'), 'This is a text, and long enough to be read for one. '.repeat(100))
    await expect(openStorage(`sqlite:${join(folder, name)}`, log)).rejects.toThrow(
      'SESSION_STORE cannot be used',
    )
  })
})
