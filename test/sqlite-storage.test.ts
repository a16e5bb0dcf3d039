import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openStorage } from '../bff/session/open-storage.ts'
import { type SessionStorage, sweepInterval } from '../bff/session/storage.ts'

/** What every storage promises is in storages.test.ts; this is what a file adds to it. */
const sealed = new TextEncoder().encode('sealed')
const expiresAt = () => Date.now() + 60_000

let folder: string
let path: string
let storage: SessionStorage
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
  path = join(folder, 'data', 'sessions.db')
  storage = await openStorage(`sqlite:${path}`)
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

function keysInFile(): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database.prepare('SELECT key FROM session ORDER BY key').all()
  database.close()
  return rows.map(({ key }) => key)
}

/** Every operation that writes, on a row that is there at version 1. */
const writes: Readonly<Record<string, () => Promise<unknown>>> = {
  create: () => storage.create('other', { sealed, expiresAt: expiresAt() }),
  replace: () => storage.replace('key', 1, sealed),
  extend: () => storage.extend('key', expiresAt() + 1),
  delete: () => storage.delete('key'),
}

describe('one file, opened twice', () => {
  let second: SessionStorage
  beforeEach(async () => {
    second = await openStorage(`sqlite:${path}`)
    await storage.create('key', { sealed, expiresAt: expiresAt() })
  })
  afterEach(() => second.close())

  test('both see what the other one does', async () => {
    const made = await storage.read('key')
    expect(made).toBeDefined()
    expect(await second.read('key')).toEqual(made)
    await expect(second.create('key', { sealed, expiresAt: expiresAt() })).rejects.toThrow()
    expect(await second.replace('key', 1, sealed)).toBe(true)
    expect(await storage.replace('key', 1, sealed)).toBe(false)
    expect(await storage.extend('key', expiresAt() + 1000)).toBe(true)
    expect(await second.read('key')).toMatchObject({ version: 2, expiresAt: expiresAt() + 1000 })
    expect(await second.delete('key')).toBe(true)
    expect(await storage.read('key')).toBeUndefined()
  })

  test('one of many deletions in both is the first', async () => {
    const all = Array.from({ length: 20 }, (_, index) => (index % 2 ? storage : second).delete('key'))
    expect((await Promise.all(all)).filter(Boolean)).toHaveLength(1)
  })
})

test('rows are as they were after closing and opening again', async () => {
  await storage.create('key', { sealed, expiresAt: expiresAt() })
  await storage.replace('key', 1, sealed)
  const before = await storage.read('key')
  await storage.close()
  storage = await openStorage(`sqlite:${path}`)
  expect(before).toMatchObject({ version: 2 })
  expect(await storage.read('key')).toEqual(before)
})

test('the folder, the file and its journals are for their owner only (I09)', async () => {
  await storage.create('key', { sealed, expiresAt: expiresAt() })
  const modes = [join(folder, 'data'), path, `${path}-wal`, `${path}-shm`].map((file) => statSync(file).mode)
  expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['700', '600', '600', '600'])
})

test('a file that others could read is closed to them', async () => {
  const shared = join(folder, 'shared.db')
  const database = new DatabaseSync(shared)
  database.exec('CREATE TABLE x (y)')
  database.close()
  expect(statSync(shared).mode & 0o044).not.toBe(0)
  await (await openStorage(`sqlite:${shared}`)).close()
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
    await storage.create('key', { sealed, expiresAt: expiresAt() })
    expect(keysInFile()).toEqual(['key'])
  })

  test('by opening a file that is new, as two gateways do that start at once', async () => {
    const fresh = join(folder, 'fresh.db')
    await lockForAMoment(fresh)
    const other = await openStorage(`sqlite:${fresh}`)
    await expect(other.check()).resolves.toBeUndefined()
    await other.close()
  })
})

describe('expired rows', () => {
  beforeEach(async () => {
    await storage.create('long', { sealed, expiresAt: Date.now() + 10 * sweepInterval })
    await storage.create('short', { sealed, expiresAt: Date.now() + 1000 })
  })

  test('leave the file with the next sweep (S20)', () => {
    vi.advanceTimersByTime(sweepInterval - 1)
    expect(keysInFile()).toEqual(['long', 'short'])
    vi.advanceTimersByTime(1)
    expect(keysInFile()).toEqual(['long'])
  })

  test('leave the file with a later sweep when somebody else is writing: that ends no program (F19)', () => {
    const other = new DatabaseSync(path)
    other.exec('BEGIN EXCLUSIVE')
    vi.advanceTimersByTime(sweepInterval)
    other.exec('ROLLBACK')
    other.close()
    expect(keysInFile()).toEqual(['long', 'short'])
    vi.advanceTimersByTime(sweepInterval)
    expect(keysInFile()).toEqual(['long'])
  })
})

describe('a storage that fails', () => {
  beforeEach(() => storage.create('key', { sealed, expiresAt: expiresAt() }))

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

  const all = { ...writes, read: () => storage.read('key'), check: () => storage.check() }
  test.each(Object.entries(all))(
    'rejects %s while its table is away, and only then',
    async (_op, operate) => {
      elsewhere('ALTER TABLE session RENAME TO away')
      await expect(operate()).rejects.toThrow('no such table')
      elsewhere('ALTER TABLE away RENAME TO session')
      await expect(operate()).resolves.not.toBe(false)
    },
  )

  test.each([
    ['a folder', ''],
    ['a file that is no database', 'text'],
    ['a folder below a file', 'text/sessions.db'],
  ])('is not opened at %s, and the error names the setting', async (_name, name) => {
    writeFileSync(join(folder, 'text'), 'This is a text, and long enough to be read for one. '.repeat(100))
    await expect(openStorage(`sqlite:${join(folder, name)}`)).rejects.toThrow('SESSION_STORE cannot be used')
  })
})
