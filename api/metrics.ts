import type { Server } from 'node:http'
import { countBy, createRegistry, lookUp, measureRequests } from '../shared/metrics.ts'
import { serveMetrics } from '../shared/metrics-server.ts'
import { denials } from './api-error.ts'

/** What the API counts. No label has a value that comes from a client. */
export function createMeters(host: string, port: number) {
  const register = createRegistry()
  return {
    serve: (watched: Server) =>
      serveMetrics(register, watched, { host, port, portSetting: 'API_METRICS_PORT' }),
    measureRequests: measureRequests(register),
    denied: countBy(register, {
      name: 'cloakroom_denials_total',
      help: 'Requests that were refused, by what was wrong with them',
      label: 'reason',
      values: denials,
    }),
    watchKeys: (ageSeconds: () => number | undefined) => {
      const help = 'How long ago the keys of the issuer were fetched. Missing before the first time'
      lookUp(register, { name: 'cloakroom_jwks_age_seconds', help }, ageSeconds)
    },
  }
}

export type Meters = ReturnType<typeof createMeters>
