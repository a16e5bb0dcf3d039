import { text } from 'node:stream/consumers'
import { createIssuerKeys } from '../../shared/issuer-keys.ts'
import { createLog } from '../../shared/log.ts'
import { badSettings, readDotEnv } from '../../shared/program.ts'
import { SettingsError } from '../../shared/settings.ts'
import { loadConfig } from '../config.ts'
import { explain, type Verdict } from './explain.ts'

/** 69 is EX_UNAVAILABLE of sysexits.h: the issuer cannot be asked, so that nobody can say. */
const exitCodes: Readonly<Record<Verdict, number>> = { good: 0, refused: 1, unknown: 69 }

/** A token on standard input, alone or behind `Bearer`; what the API makes of it on standard output. */
async function main(): Promise<void> {
  try {
    readDotEnv(process)
    const config = loadConfig(process.env)
    if (process.stdin.isTTY) process.stderr.write('Paste the token, then press Enter and Ctrl-D.\n')
    const token = (await text(process.stdin)).trim().split(/\s+/).at(-1) ?? ''
    const keys = createIssuerKeys(config.issuer, await createLog('explain-token', 'silent'))
    const { verdict, lines } = await explain(token, config, keys)
    process.stdout.write(`${lines.join('\n')}\n`)
    process.exitCode = exitCodes[verdict]
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = badSettings
  }
}

await main()
