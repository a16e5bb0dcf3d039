import type { Log } from '../../shared/log.ts'
import { openMemoryStorage } from './memory-storage.ts'
import { openSqliteStorage } from './sqlite-storage.ts'
import type { OpenStorage } from './storage.ts'

/** `memory:`, `sqlite:PATH`, `redis://…` or `rediss://…`. Throws SettingsError when a path cannot be used. */
export async function openStorage(location: string, log: Log): Promise<OpenStorage> {
  if (location === 'memory:') return openMemoryStorage()
  if (/^rediss?:/.test(location)) {
    // Imported if it is wanted: its client takes as long to load as half of the gateway.
    const { openRedisStorage } = await import('./redis-storage.ts')
    return openRedisStorage(location, log)
  }
  return openSqliteStorage(location.replace(/^sqlite:/, ''))
}
