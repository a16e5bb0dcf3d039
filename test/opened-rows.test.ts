import { beforeEach, expect, test } from 'vitest'
import { openMemoryStorage } from '../bff/session/memory-storage.ts'
import { createRows, type Rows } from '../bff/session/rows.ts'
import { createSeal } from '../bff/session/seal.ts'
import type { Row, SessionStorage } from '../bff/session/storage.ts'
import { createLog } from '../shared/log.ts'

const ticket = 'a ticket'
const endsAt = Date.now() + 3_600_000
const grant = { accessToken: 'an access token' }
const log = await createLog('test', 'silent')

let storage: SessionStorage
let rows: Rows
/** How many rows were opened. */
let count: number
beforeEach(async () => {
  storage = openMemoryStorage()
  count = 0
  const seal = createSeal(['a secret of forty characters, or some more'], 'context')
  const counting = {
    ...seal,
    open: (holder: string, sealed: Uint8Array) => {
      count += 1
      return seal.open(holder, sealed)
    },
  }
  rows = createRows(storage, counting, log)
  await rows.create(
    ticket,
    { claims: { sub: 'a|1' }, grant, endsAt },
    { signedInAt: 1, userAgent: '' },
    endsAt,
  )
})

const read = async () => (await rows.read(ticket))?.record.grant.accessToken

async function stored(): Promise<Row> {
  const row = await storage.read(rows.keyOf(ticket))
  if (!row) throw new Error('There is no row')
  return row
}
const put = (name: string, row: Row) => storage.create(rows.keyOf(name), { ...row, indexes: [] })

test('a row is opened once, as long as it is the same', async () => {
  for (let time = 0; time < 3; time += 1) expect(await read()).toBe('an access token')
  expect(count).toBe(1)
  const row = await rows.read(ticket)
  expect(row && (await rows.saveGrant(row, { accessToken: 'another' }))).toBe(true)
  for (let time = 0; time < 3; time += 1) expect(await read()).toBe('another')
  expect(count).toBe(2)
})

test('what was opened is forgotten when its row is deleted here', async () => {
  expect(await read()).toBe('an access token')
  const row = await stored()
  expect(await rows.delete(ticket)).toBe(true)
  await put(ticket, row)
  expect(await read()).toBe('an access token')
  expect(count).toBe(2)
})

test('and when it turns out that somebody else has deleted it', async () => {
  expect(await read()).toBe('an access token')
  const row = await stored()
  expect(await storage.delete(rows.keyOf(ticket))).toBe(true)
  expect(await read()).toBeUndefined()
  await put(ticket, row)
  expect(await read()).toBe('an access token')
  expect(count).toBe(2)
})

test('the same bytes under another ticket are another row', async () => {
  expect(await read()).toBe('an access token')
  await put('another ticket', await stored())
  expect(await rows.read('another ticket')).toBeUndefined()
})
