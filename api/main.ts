import type { Log } from '../shared/log.ts'
import { runProgram } from '../shared/program.ts'
import { drain, listen } from '../shared/server.ts'
import { createApp } from './app.ts'
import { type Config, loadConfig } from './config.ts'

async function start(config: Config, log: Log): Promise<() => Promise<void>> {
  const { host, metricsPort, collector } = config
  // Imported if they are wanted: who measures and traces nothing pays nothing.
  const meters =
    metricsPort === undefined ? undefined : (await import('./metrics.ts')).createMeters(host, metricsPort)
  const tracing =
    collector === undefined
      ? undefined
      : (await import('../shared/tracing.ts')).openTracing('cloakroom-api', collector, log)
  const app = createApp(config, { log, meters, tracing })
  const server = await listen(app, { host, port: config.port, portSetting: 'API_PORT' })
  const stopMetrics = await meters?.serve(server)
  log.info({ url: `http://${host}:${config.port}`, issuer: config.issuer }, 'serving')
  return async () => {
    await drain(server, 10_000)
    await tracing?.stop()
    await stopMetrics?.()
  }
}

await runProgram(process, { name: 'api', loadConfig, start })
