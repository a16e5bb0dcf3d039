import type { Log } from '../../shared/log.ts'
import { Secret } from '../../shared/secret.ts'
import type { Config } from '../config.ts'
import { openStorage } from './open-storage.ts'
import { createProvider, type WholeProvider } from './provider.ts'
import { laptopSecret } from './secret.ts'
import { createSessions, type Sessions } from './sessions.ts'
import type { Count } from './storage.ts'

interface OpenSessions {
  readonly sessions: Sessions
  readonly provider: WholeProvider
  /** Newest first. */
  readonly secrets: readonly Secret[]
  readonly count: Count | undefined
  readonly close: () => Promise<void>
}

/** The sessions where the settings say that they are. Throws SettingsError when a path cannot be used. */
export async function openSessions(config: Config, log: Log): Promise<OpenSessions> {
  const { store, idleSeconds, absoluteSeconds } = config.session
  const { issuer, clientId } = config.provider
  const secrets = config.session.secrets ?? [new Secret(laptopSecret(config.dataDir))]
  const storage = await openStorage(store.reveal(), log)
  const provider = createProvider(config.provider)
  const sessions = createSessions({
    storage,
    secrets: secrets.map((secret) => secret.reveal()),
    issuer,
    clientId,
    idleSeconds,
    absoluteSeconds,
    provider,
    log,
  })
  return { sessions, provider, secrets, count: storage.count, close: () => storage.close() }
}
