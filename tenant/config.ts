import { z } from 'zod'
import { providerSettings } from '../shared/identity-provider.ts'
import {
  type Environment,
  logLevel,
  nodeEnv,
  origin,
  port,
  readSettings,
  seconds,
} from '../shared/settings.ts'

/** Every setting the tenant reads, by its name in the environment. */
export const tenantSettings = {
  NODE_ENV: nodeEnv,
  TENANT_PORT: providerSettings.TENANT_PORT,
  BFF_PORT: port(4040),
  BASE_URL: origin.optional(),
  AUTH0_AUDIENCE: providerSettings.AUTH0_AUDIENCE,
  TENANT_ACCESS_TOKEN_SECONDS: seconds(600),
  TENANT_TOKEN_LEDGER: z.string().optional(),
  DATA_DIR: z.string().default('.data'),
  LOG_LEVEL: logLevel,
}

export interface Config {
  readonly port: number
  /** With the final slash, as Auth0 spells its own. */
  readonly issuer: string
  /** The gateway's origin without final slash: callback and logout addresses of its client are below it. */
  readonly gateway: string
  /** The identifier of the messages API. */
  readonly audience: string
  readonly accessTokenSeconds: number
  readonly ledger: string | undefined
  readonly dataDir: string
  readonly logLevel: string
}

/** Pure: environment in, settings out. Throws SettingsError naming every problem at once. */
export function loadConfig(environment: Environment): Config {
  const values = readSettings(tenantSettings, environment, ({ NODE_ENV }) =>
    NODE_ENV === 'production'
      ? ['NODE_ENV must not be production for the embedded tenant: its passwords and secrets are public']
      : [],
  )
  return {
    port: values.TENANT_PORT,
    issuer: `http://127.0.0.1:${values.TENANT_PORT}/`,
    gateway: values.BASE_URL ?? `http://localhost:${values.BFF_PORT}`,
    audience: values.AUTH0_AUDIENCE,
    accessTokenSeconds: values.TENANT_ACCESS_TOKEN_SECONDS,
    ledger: values.TENANT_TOKEN_LEDGER,
    dataDir: values.DATA_DIR,
    logLevel: values.LOG_LEVEL,
  }
}
