import { badSettings, readDotEnv } from '../../shared/program.ts'
import { SettingsError } from '../../shared/settings.ts'
import { loadConfig } from '../config.ts'
import { runRoutes } from './routes.ts'
import { runSessions } from './sessions.ts'
import { BadUsageError } from './usage.ts'

/** EX_USAGE of sysexits.h. */
const badUsage = 64

/** One command, its answer on standard output. The exit code says whether usage, settings or the storage was wrong. */
async function main(): Promise<void> {
  const [name, ...args] = process.argv.slice(2)
  try {
    readDotEnv(process)
    const run = name === 'routes' ? runRoutes : runSessions
    process.stdout.write(`${await run(args, loadConfig(process.env))}\n`)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const reason = error.cause instanceof Error ? `: ${error.cause.message}` : ''
    process.stderr.write(`${error.message}${reason}\n`)
    process.exitCode =
      error instanceof BadUsageError ? badUsage : error instanceof SettingsError ? badSettings : 1
  }
}

await main()
