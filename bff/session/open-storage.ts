import { openMemoryStorage } from './memory-storage.ts'
import { openSqliteStorage } from './sqlite-storage.ts'
import type { SessionStorage } from './storage.ts'

/** `memory:` or `sqlite:PATH`. Throws SettingsError when the path cannot be used. */
export async function openStorage(location: string): Promise<SessionStorage> {
  return location === 'memory:' ? openMemoryStorage() : openSqliteStorage(location.replace(/^sqlite:/, ''))
}
