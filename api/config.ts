import { chosenProvider, providerProblems, providerSettings } from '../shared/identity-provider.ts'
import { type Environment, host, logLevel, nodeEnv, origin, port, readSettings } from '../shared/settings.ts'

/** Every setting the messages API reads, by its name in the environment. */
export const apiSettings = {
  ...providerSettings,
  NODE_ENV: nodeEnv,
  HOST: host,
  API_PORT: port(6060),
  CLIENT_ORIGIN_URL: origin.optional(),
  LOG_LEVEL: logLevel,
}

export interface Config {
  readonly host: string
  readonly port: number
  readonly issuer: string
  /** This API's identifier: what a token's `aud` has to contain. */
  readonly audience: string
  /** The one other origin whose scripts may call; undefined: no CORS. */
  readonly clientOrigin: string | undefined
  readonly logLevel: string
}

/** Pure: environment in, settings out. Throws SettingsError naming every problem at once. */
export function loadConfig(environment: Environment): Config {
  const values = readSettings(apiSettings, environment, providerProblems)
  return {
    host: values.HOST,
    port: values.API_PORT,
    issuer: chosenProvider(values).issuer,
    audience: values.AUTH0_AUDIENCE,
    clientOrigin: values.CLIENT_ORIGIN_URL,
    logLevel: values.LOG_LEVEL,
  }
}
