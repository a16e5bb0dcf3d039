import { z } from 'zod'
import { chosenProvider, providerProblems, providerSettings } from '../shared/identity-provider.ts'
import {
  addresses,
  collector,
  type Environment,
  host,
  logLevel,
  nodeEnv,
  optionalPort,
  origin,
  port,
  readSettings,
} from '../shared/settings.ts'
import { type ClaimPath, permissionsClaim } from './permissions.ts'

/** Every setting the messages API reads, by its name in the environment. */
export const apiSettings = {
  ...providerSettings,
  NODE_ENV: nodeEnv,
  HOST: host,
  API_PORT: port(6060),
  CLIENT_ORIGIN_URL: origin.optional(),
  ACCESS_TOKEN_TYP: z
    .enum(['at+jwt', 'JWT', 'none'], { error: 'must be at+jwt, JWT or none' })
    .default('JWT'),
  API_RATE: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'must be a number of requests a minute, 1 to 999999999')
    .transform(Number)
    .default(1200),
  TRUST_GATEWAY: addresses.default(['127.0.0.0/8', '::1']),
  PERMISSIONS_CLAIM: permissionsClaim,
  API_METRICS_PORT: optionalPort,
  OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  LOG_LEVEL: logLevel,
}

export interface Config {
  readonly host: string
  readonly port: number
  readonly issuer: string
  /** This API's identifier: what a token's `aud` has to contain. */
  readonly audience: string
  /**
   * What the header of an access token has to say. at+jwt: that, and the claims have to be RFC 9068's as well; JWT: that
   * or at+jwt; none: either of them, or nothing.
   */
  readonly accessTokenTyp: 'at+jwt' | 'JWT' | 'none'
  /** Where a token says what its bearer may do. */
  readonly permissionsClaim: ClaimPath
  /** The one other origin whose scripts may call; undefined: no CORS. */
  readonly clientOrigin: string | undefined
  /** How many requests one user or service may make a minute. */
  readonly rate: number
  /** Addresses and networks of gateways, whose request ids and traces are taken over. */
  readonly trustGateway: readonly string[]
  /** Undefined: nothing is measured. */
  readonly metricsPort: number | undefined
  /** Where traces go; undefined: there are none. */
  readonly collector: string | undefined
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
    accessTokenTyp: values.ACCESS_TOKEN_TYP,
    permissionsClaim: values.PERMISSIONS_CLAIM,
    clientOrigin: values.CLIENT_ORIGIN_URL,
    rate: values.API_RATE,
    trustGateway: values.TRUST_GATEWAY,
    metricsPort: values.API_METRICS_PORT,
    collector: values.OTEL_EXPORTER_OTLP_ENDPOINT,
    logLevel: values.LOG_LEVEL,
  }
}
