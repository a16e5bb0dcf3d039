import { existsSync } from 'node:fs'
import debug from 'debug'
import { createLog, type Log } from './log.ts'
import { PortInUseError } from './server.ts'
import { type Environment, SettingsError } from './settings.ts'

/** EX_CONFIG of sysexits.h: the settings are wrong; starting again without changing them will not help. */
export const badSettings = 78

/** A process that the program consists of has ended at the start. It has said why. */
export class PartEndedError extends Error {
  override readonly name = 'PartEndedError'
  readonly code: number

  constructor(code: number) {
    super(`A part of the program ended with ${code}`)
    this.code = code
  }
}

interface Program<Config extends { readonly logLevel: string }> {
  readonly name: string
  loadConfig(environment: Environment): Config
  /** Opens what the program needs and serves; the result closes it, letting requests in flight finish. */
  start(config: Config, log: Log): Promise<() => Promise<void>>
}

/** The settings in .env, where the environment itself does not name them. Throws SettingsError. */
export function readDotEnv(process: NodeJS.Process): void {
  if (!existsSync('.env')) return
  try {
    process.loadEnvFile('.env')
  } catch (error) {
    throw new SettingsError([
      `.env cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    ])
  }
}

/**
 * The life of a program: settings, start, signals, exit code. With --check it stops after the settings.
 * A parent process with a channel is told when the program serves, and may send 'stop'.
 */
export async function runProgram<Config extends { readonly logLevel: string }>(
  process: NodeJS.Process,
  program: Program<Config>,
): Promise<void> {
  let config: Config
  try {
    readDotEnv(process)
    config = program.loadConfig(process.env)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(badSettings)
  }
  if (process.argv.includes('--check')) {
    process.stdout.write(`${program.name}: the settings are good\n`)
    return
  }
  const log = await createLog(program.name, config.logLevel)
  /** With the lines that have not been written yet. */
  const exit = (code: number): never => {
    log.flush()
    process.exit(code)
  }
  // What libraries print for their developers: addresses with codes in them, settings with secrets.
  if (debug.disable()) log.warn('DEBUG is ignored: libraries would print secrets')
  // Started by another program, it does not outlive it, also when that ends before this one serves.
  const dismissed =
    process.channel &&
    new Promise<string>((resolve) => {
      process.once('disconnect', () => resolve('parent gone'))
      process.on('message', (message) => message === 'stop' && resolve('parent'))
    })
  let close: () => Promise<void>
  try {
    close = await program.start(config, log)
  } catch (error) {
    if (error instanceof PartEndedError) exit(error.code)
    const settings = error instanceof SettingsError || error instanceof PortInUseError
    if (settings) process.stderr.write(`${program.name}: ${error.message}\n`)
    else log.fatal({ err: error }, 'could not start')
    exit(settings ? badSettings : 1)
  }
  let stoppingSince: number | undefined
  const stop = async (reason: string, code = 0) => {
    stoppingSince = performance.now()
    log.info({ reason }, 'stopping')
    await close()
    log.info('stopped')
    exit(code)
  }
  // Nobody knows what state it has left behind. Node would print the error with all its properties, and OAuth
  // libraries attach whole token responses to theirs. (A rejection that nobody handles comes here as well.)
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a fault that nobody handles')
    if (stoppingSince === undefined) void stop('fault', 1)
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stoppingSince === undefined) void stop(signal)
      // Who asks twice does not want to wait. From a terminal one Ctrl-C comes twice by itself: npm passes it on.
      else if (performance.now() - stoppingSince > 1000) exit(1)
    })
  }
  void dismissed?.then((reason) => {
    if (stoppingSince === undefined) void stop(reason)
  })
  // Whoever is told that it serves finds what it has said until then.
  log.flush()
  // A parent that has gone meanwhile is no error; 'disconnect' ends the program.
  if (process.connected) process.send?.('serving', undefined, undefined, () => {})
}
