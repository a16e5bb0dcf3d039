import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createClient } from '@redis/client'
import { beginSessions } from '../fill.ts'
import type { World } from '../world.ts'

export interface StorageFigure {
  readonly storage: string
  readonly bytesPerSession: number
}

const count = 10_000

/** What a session takes up, indexes and all. */
export async function measureStorage(world: World): Promise<StorageFigure[]> {
  const file = join(world.folder, 'bytes.db')
  await beginSessions(world, `sqlite:${file}`, count)
  const database = new DatabaseSync(file)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  const figures = [{ storage: 'SQLite', bytesPerSession: statSync(file).size / count }]
  const url = await world.redis(8)
  if (url === undefined) return figures
  const client = await createClient({ url }).connect()
  const used = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
  const before = await used()
  await beginSessions(world, url, count)
  figures.push({ storage: 'Redis', bytesPerSession: ((await used()) - before) / count })
  client.destroy()
  return figures
}
