import type { Log } from '../shared/log.ts'
import { runProgram } from '../shared/program.ts'
import { drain, listen } from '../shared/server.ts'
import { createApp } from './app.ts'
import { type Config, loadConfig } from './config.ts'
import { readRoutes } from './gateway/routes.ts'
import { openSessions } from './session/open-sessions.ts'

async function start(config: Config, log: Log): Promise<() => Promise<void>> {
  const routes = readRoutes(config.apiRoutes)
  const { close, ...parts } = await openSessions(config, log)
  let stopping = false
  const app = createApp(config, { ...parts, routes, log, isStopping: () => stopping })
  const server = await listen(app, { host: config.host, port: config.port, portSetting: 'BFF_PORT' })
  log.info({ url: config.baseUrl, issuer: config.provider.issuer }, 'serving')
  return async () => {
    stopping = true
    await drain(server, 10_000)
    await close()
  }
}

await runProgram(process, { name: 'bff', loadConfig, start })
