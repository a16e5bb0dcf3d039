import type { Log } from '../shared/log.ts'
import { runProgram } from '../shared/program.ts'
import { drain, listen } from '../shared/server.ts'
import { type Config, loadConfig } from './config.ts'
import { captureLibraryNotices } from './library-notices.ts'

async function start(config: Config, log: Log): Promise<() => Promise<void>> {
  captureLibraryNotices(log)
  // Not at the top of the file: oidc-provider speaks while it is imported, and --check does not need it.
  const { openTenant } = await import('./tenant.ts')
  const tenant = await openTenant(config, log)
  const server = await listen(tenant.app, {
    host: '127.0.0.1',
    port: config.port,
    portSetting: 'TENANT_PORT',
  })
  log.info({ url: config.issuer, gateway: config.gateway, audience: config.audience }, 'serving')
  return async () => {
    await drain(server, 10_000)
    tenant.close()
  }
}

await runProgram(process, { name: 'tenant', loadConfig, start })
