import type { Log } from '../../shared/log.ts'
import { Secret } from '../../shared/secret.ts'
import type { Tracing } from '../../shared/tracing.ts'
import type { Config } from '../config.ts'
import type { Meters } from '../metrics.ts'
import { measured } from './measured-storage.ts'
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
export async function openSessions(
  config: Config,
  log: Log,
  meters?: Meters,
  tracing?: Tracing,
): Promise<OpenSessions> {
  const { store, idleSeconds, absoluteSeconds } = config.session
  const { issuer, clientId } = config.provider
  const secrets = config.session.secrets ?? [new Secret(laptopSecret(config.dataDir))]
  const opened = await openStorage(store.reveal(), log)
  const storage = meters ? measured(opened, meters) : opened
  const provider = createProvider(config.provider, meters, tracing)
  const sessions = createSessions({
    storage,
    secrets: secrets.map((secret) => secret.reveal()),
    issuer,
    clientId,
    idleSeconds,
    absoluteSeconds,
    provider,
    log,
    meters,
  })
  return { sessions, provider, secrets, count: storage.count, close: () => storage.close() }
}
