import type { Worker } from 'node:cluster'
import type { Server } from 'node:http'
import { Counter, Gauge, Histogram } from 'prom-client'
import { answersIn, buckets, countBy, createRegistry, lookUp, measureRequests } from '../shared/metrics.ts'
import { serveMetrics, watchConnections } from '../shared/metrics-server.ts'
import { denials } from './http-error.ts'
import { answerPrimary } from './worker-metrics.ts'

/** How long somebody who asks for the metrics waits for the storage, in milliseconds. */
const patience = 1000

const loginOutcomes = ['begun', 'succeeded', 'lost', 'cancelled', 'failed', 'away', 'unsaved'] as const
type LoginOutcome = (typeof loginOutcomes)[number]

/** What the gateway counts, for the places where it happens. No label has a value that comes from a client. */
export function createMeters(host: string, port: number) {
  const register = createRegistry()
  const registers = [register]
  const storage = new Histogram({
    name: 'cloakroom_storage_operation_duration_seconds',
    help: 'How long each operation of the session storage took, and whether it worked',
    labelNames: ['operation', 'outcome'],
    buckets,
    registers,
  })
  const provider = new Histogram({
    name: 'cloakroom_provider_request_duration_seconds',
    help: 'How long the identity provider took for what the gateway asked it, and whether it answered',
    labelNames: ['outcome'],
    buckets,
    registers,
  })
  const providerUp = new Gauge({
    name: 'cloakroom_provider_up',
    help: '1: the last contact with the identity provider went well; 0: it did not. Missing before the first one',
    // Of several processes the one that has trouble counts, also below.
    aggregator: 'min',
    registers,
  })
  providerUp.remove()
  const guardStops = new Counter({
    name: 'cloakroom_token_guard_stops_total',
    help: 'Answers that were stopped because they had a token of the visitor in them',
    registers,
  })

  const logins = countBy(register, {
    name: 'cloakroom_logins_total',
    help: 'Logins that were begun, and what became of them',
    label: 'outcome',
    values: loginOutcomes,
  })

  return {
    serve: (watched: Server) =>
      serveMetrics(register, watched, { host, port, portSetting: 'BFF_METRICS_PORT' }),
    /** In place of `serve` where this process is one of several: the primary has the port. */
    answerPrimary: (watched: Server, worker: Worker) => {
      watchConnections(register, watched)
      answerPrimary(register, worker)
    },
    measureRequests: measureRequests(register),
    denied: countBy(register, {
      name: 'cloakroom_denials_total',
      help: 'Requests that were refused, by reason',
      label: 'reason',
      values: denials,
    }),
    login: (outcome: LoginOutcome) => {
      logins(outcome)
      // The login library asks the provider by itself; this is how it went.
      if (outcome === 'succeeded' || outcome === 'away') providerUp.set(outcome === 'succeeded' ? 1 : 0)
    },
    refreshed: countBy(register, {
      name: 'cloakroom_refreshes_total',
      help: 'Refreshes of grants, by outcome',
      label: 'outcome',
      values: ['refreshed', 'ended', 'failed', 'shared'],
    }),
    ended: countBy(register, {
      name: 'cloakroom_sessions_ended_total',
      help: 'Sessions that were ended, by reason; not those that nobody used any more',
      label: 'reason',
      values: ['logout', 'new login', 'back-channel logout', 'by its user', 'grant ended'],
    }),
    guardStopped: () => guardStops.inc(),
    /** A contact with the provider. */
    contacted: (isWell: boolean, seconds: number) => {
      providerUp.set(isWell ? 1 : 0)
      provider.observe({ outcome: isWell ? 'answered' : 'failed' }, seconds)
    },
    storageDid: (operation: string, isWell: boolean, seconds: number) =>
      storage.observe({ operation, outcome: isWell ? 'done' : 'failed' }, seconds),
    watchStorage: (check: () => Promise<void>) => {
      const help = '1: the session storage can be used; 0: it cannot'
      lookUp(register, { name: 'cloakroom_storage_up', help, aggregator: 'min' }, () =>
        answersIn(check, patience),
      )
    },
    watchKeys: (ageSeconds: () => number | undefined) => {
      const help =
        'How long ago the keys of the identity provider were fetched. Missing before the first time'
      lookUp(register, { name: 'cloakroom_jwks_age_seconds', help, aggregator: 'max' }, ageSeconds)
    },
  }
}

export type Meters = ReturnType<typeof createMeters>
