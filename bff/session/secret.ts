import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SettingsError } from '../../shared/settings.ts'

/**
 * The secret of a laptop: read from the data folder, made there when it is missing. Throws SettingsError
 * when the folder cannot be used.
 */
export function laptopSecret(dataDir: string): string {
  const path = join(dataDir, 'session-secret')
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    try {
      // wx: of two programs that start at once, one makes it and both read the same.
      writeFileSync(path, randomBytes(48).toString('base64'), { flag: 'wx', mode: 0o600 })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const secret = readFileSync(path, 'utf8').trim()
    if (secret.length < 32) throw new Error('the file is damaged; delete it (everybody has to log in again)')
    return secret
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SettingsError([`DATA_DIR cannot be used: ${path}: ${reason}`])
  }
}
