import type { Log } from '../../shared/log.ts'
import { openMemoryStorage } from './memory-storage.ts'
import { openRedisStorage } from './redis-storage.ts'
import { openSqliteStorage } from './sqlite-storage.ts'
import type { OpenStorage } from './storage.ts'

/** `memory:`, `sqlite:PATH`, `redis://…` or `rediss://…`. Throws SettingsError when a path cannot be used. */
export async function openStorage(location: string, log: Log): Promise<OpenStorage> {
  if (location === 'memory:') return openMemoryStorage()
  if (/^rediss?:/.test(location)) return openRedisStorage(location, log)
  return openSqliteStorage(location.replace(/^sqlite:/, ''))
}
