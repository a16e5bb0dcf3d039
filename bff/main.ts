import type { Log } from '../shared/log.ts'
import { runProgram } from '../shared/program.ts'
import { drain, listen } from '../shared/server.ts'
import { createApp } from './app.ts'
import { type Config, loadConfig } from './config.ts'
import { openStorage } from './session/open-storage.ts'
import { createProvider } from './session/provider.ts'
import { laptopSecret } from './session/secret.ts'
import { createSessions } from './session/sessions.ts'

async function start(config: Config, log: Log): Promise<() => Promise<void>> {
  const secrets = config.session.secrets ?? [laptopSecret(config.dataDir)]
  const storage = await openStorage(config.session.store, log)
  const provider = createProvider(config.provider)
  const { idleSeconds, absoluteSeconds } = config.session
  const { issuer, clientId } = config.provider
  const sessions = createSessions({
    storage,
    secrets,
    issuer,
    clientId,
    idleSeconds,
    absoluteSeconds,
    provider,
    log,
  })
  let stopping = false
  const app = createApp(config, { sessions, provider, secrets, log, isStopping: () => stopping })
  const server = await listen(app, { host: config.host, port: config.port, portSetting: 'BFF_PORT' })
  log.info({ url: config.baseUrl, issuer }, 'serving')
  return async () => {
    stopping = true
    await drain(server, 10_000)
    await storage.close()
  }
}

await runProgram(process, { name: 'bff', loadConfig, start })
