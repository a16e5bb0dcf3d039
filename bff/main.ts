import type { Log } from '../shared/log.ts'
import { runProgram } from '../shared/program.ts'
import { drain, listen } from '../shared/server.ts'
import { createApp } from './app.ts'
import { type Config, loadConfig } from './config.ts'
import { readRoutes } from './gateway/routes.ts'
import { openSessions } from './session/open-sessions.ts'

async function start(config: Config, log: Log): Promise<() => Promise<void>> {
  // Imported if they are wanted: who has one process, measures and traces nothing pays nothing.
  const cluster = config.workers === 1 ? undefined : (await import('node:cluster')).default
  if (cluster?.isPrimary) return (await import('./workers.ts')).startWorkers(config, log)
  // So that each line says which of them it is from.
  if (cluster) log.setBindings({ pid: process.pid })
  const routes = readRoutes(config.apiRoutes)
  const { host, metricsPort, collector } = config
  const meters =
    metricsPort === undefined ? undefined : (await import('./metrics.ts')).createMeters(host, metricsPort)
  const tracing =
    collector === undefined
      ? undefined
      : (await import('../shared/tracing.ts')).openTracing('cloakroom-bff', collector, log)
  const { close, ...parts } = await openSessions(config, log, meters, tracing)
  let stopping = false
  const app = createApp(config, { ...parts, routes, log, meters, tracing, isStopping: () => stopping })
  const server = await listen(app, { host, port: config.port, portSetting: 'BFF_PORT' })
  if (cluster?.worker) meters?.answerPrimary(server, cluster.worker)
  const stopMetrics = cluster ? undefined : await meters?.serve(server)
  log.info({ url: config.baseUrl, issuer: config.provider.issuer }, 'serving')
  return async () => {
    stopping = true
    await drain(server, 10_000)
    await tracing?.stop()
    await stopMetrics?.()
    await close()
  }
}

await runProgram(process, { name: 'bff', loadConfig, start })
