import type { Log } from '../shared/log.ts'
import { runProgram } from '../shared/program.ts'
import { drain, listen } from '../shared/server.ts'
import { createApp } from './app.ts'
import { type Config, loadConfig } from './config.ts'

async function start(config: Config, log: Log): Promise<() => Promise<void>> {
  const app = createApp(config, log)
  const server = await listen(app, { host: config.host, port: config.port, portSetting: 'API_PORT' })
  log.info({ url: `http://${config.host}:${config.port}`, issuer: config.issuer }, 'serving')
  return () => drain(server, 10_000)
}

await runProgram(process, { name: 'api', loadConfig, start })
