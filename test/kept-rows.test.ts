import { expect, test } from 'vitest'
import { keepRows } from '../bff/session/kept-rows.ts'
import type { Row } from '../bff/session/storage.ts'

const none = new Uint8Array()
const rowOf = (version: number): Row => ({
  version,
  sealed: none,
  about: none,
  seenAt: 0,
  expiresAt: 0,
  ended: false,
})

/** A file in which each row is as new as the file. */
function keepFile() {
  const file = { version: 1, asked: 0, fails: false }
  const rows = keepRows(
    () => {
      file.asked += 1
      if (file.fails) throw new Error('disk I/O error')
      return file.version
    },
    () => rowOf(file.version),
  )
  return { file, rows }
}

test('what is asked for in one turn asks for the version once', async () => {
  const { file, rows } = keepFile()
  const asked = await Promise.all(['a', 'b', 'a'].map((key) => rows.get(key)))
  expect(asked).toEqual([rowOf(1), rowOf(1), rowOf(1)])
  expect(file.asked).toBe(1)
  await rows.get('a')
  expect(file.asked).toBe(2)
})

test('what somebody writes between two of a turn counts for both', async () => {
  const { file, rows } = keepFile()
  await rows.get('a')
  const first = rows.get('a')
  file.version = 2
  expect(await Promise.all([first, rows.get('a')])).toEqual([rowOf(2), rowOf(2)])
})

test('a version that cannot be had fails all of its turn, and nothing later', async () => {
  const { file, rows } = keepFile()
  await rows.get('a')
  file.fails = true
  const asked = await Promise.allSettled([rows.get('a'), rows.get('b')])
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  file.fails = false
  expect(await rows.get('a')).toEqual(rowOf(1))
})
