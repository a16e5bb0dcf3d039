import { parseArgs } from 'node:util'
import { createLog } from '../../shared/log.ts'
import { SettingsError } from '../../shared/settings.ts'
import type { Config } from '../config.ts'
import { openSessions } from '../session/open-sessions.ts'
import type { Sessions } from '../session/sessions.ts'
import { BadUsageError } from './usage.ts'

const usage = `Usage, with the settings of the gateway:
  npm run sessions -- count              how many sessions there are
  npm run sessions -- count --sub USER   how many of them are one user's
  npm run sessions -- end --sub USER     ends all sessions of a user, at once, at all gateways
USER is what the identity provider calls the user: the claim "sub", at Auth0 "auth0|…".`

type Command = (sessions: Sessions) => Promise<string>

/**
 * What an operator can do about sessions without their tickets. Throws BadUsageError, SettingsError, and HttpError
 * when the storage fails.
 */
export async function runSessions(args: readonly string[], config: Config): Promise<string> {
  const command = commandIn(args)
  if (config.session.store.reveal() === 'memory:') {
    throw new SettingsError(['SESSION_STORE is memory: the sessions are inside the gateway, out of reach'])
  }
  const { sessions, close } = await openSessions(config, await createLog('sessions', 'error'))
  try {
    return await command(sessions)
  } finally {
    await close()
  }
}

function commandIn(args: readonly string[]): Command {
  const { positionals, sub } = parsed(args)
  const [command, ...rest] = positionals
  if (rest.length === 0 && sub !== '') {
    if (command === 'count') return (sessions) => count(sessions, sub)
    if (command === 'end' && sub !== undefined) return (sessions) => end(sessions, sub)
  }
  throw new BadUsageError(usage)
}

function parsed(args: readonly string[]): { positionals: string[]; sub: string | undefined } {
  try {
    const options = { sub: { type: 'string' } } as const
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { positionals, sub: values.sub }
  } catch {
    throw new BadUsageError(usage)
  }
}

async function count(sessions: Sessions, sub?: string): Promise<string> {
  const seen = await sessions.seen(sub)
  const since = (minutes: number) => seen.filter((at) => at > Date.now() - minutes * 60_000).length
  return `${sessionsOf(seen.length, sub)}; seen in the last 5 minutes: ${since(5)}, in the last hour: ${since(60)}`
}

async function end(sessions: Sessions, sub: string): Promise<string> {
  return `${sessionsOf(await sessions.endListed({ sub }), sub)} ended`
}

const sessionsOf = (number: number, sub?: string) =>
  `${number} ${number === 1 ? 'session' : 'sessions'}${sub === undefined ? '' : ` of ${sub}`}`
