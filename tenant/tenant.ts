import type { Express } from 'express'
import type { Log } from '../shared/log.ts'
import { createAdapter, sweep } from './adapter.ts'
import { createApp } from './app.ts'
import type { Config } from './config.ts'
import { openDatabase } from './database.ts'
import { answerUnknownPaths } from './errors.ts'
import { logGrants } from './grant-log.ts'
import { loadKeys } from './keys.ts'
import { openLedger, recordIssued } from './ledger.ts'
import { createProvider } from './provider.ts'
import { openUsers } from './users.ts'
import { createViews } from './views.ts'

interface Tenant {
  readonly app: Express
  close(): void
}

/** Opens what the tenant keeps in the data folder and puts the program together; it does not listen yet. */
export async function openTenant(config: Config, log: Log): Promise<Tenant> {
  const database = openDatabase(config.dataDir)
  const record = openLedger(config.ledger)
  const [keys, users] = await Promise.all([loadKeys(database), openUsers(database)])
  const views = createViews(config.gateway)
  const provider = createProvider(config, { adapter: createAdapter(database), keys, users, views })
  answerUnknownPaths(provider, views)
  logGrants(provider, log)
  if (record) recordIssued(provider, record)
  sweep(database)
  const sweeping = setInterval(() => sweep(database), 600_000)
  return {
    app: createApp(config, { provider, keys, users, views, record, log }),
    close: () => {
      clearInterval(sweeping)
      database.close()
    },
  }
}
