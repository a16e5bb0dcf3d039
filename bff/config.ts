import { z } from 'zod'
import {
  chosenProvider,
  embeddedClients,
  type ProviderKind,
  providerSettings,
} from '../shared/identity-provider.ts'
import { Secret } from '../shared/secret.ts'
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
  seconds,
} from '../shared/settings.ts'
import { problemsBetween } from './config-problems.ts'

/** Every setting the gateway reads, by its name in the environment. */
export const gatewaySettings = {
  ...providerSettings,
  NODE_ENV: nodeEnv,
  HOST: host,
  BFF_PORT: port(4040),
  API_PORT: port(6060),
  BASE_URL: origin.optional(),
  API_SERVER_URL: origin.optional(),
  API_ROUTES: z.string().default(`${import.meta.dirname}/gateway/routes.json`),
  AUTH0_CLIENT_ID: z.string().optional(),
  AUTH0_CLIENT_SECRET: z.string().optional(),
  DATA_DIR: z.string().default('.data'),
  SESSION_SECRET: z
    .string()
    .transform((value) => value.split(',').map((secret) => secret.trim()))
    .refine(
      (secrets) => secrets.every((secret) => secret.length >= 32),
      'must have at least 32 characters (several secrets: newest first, a comma between)',
    )
    .optional(),
  SESSION_STORE: z
    .string()
    .refine(
      (value) => value === 'memory:' || /^sqlite:./.test(value) || isRedisAddress(value),
      'must be memory:, sqlite:PATH or redis(s)://[USER:PASSWORD@]HOST[:PORT][/DATABASE], percent-encoded',
    )
    .optional(),
  SESSION_IDLE_SECONDS: seconds(1800),
  SESSION_ABSOLUTE_SECONDS: seconds(43_200),
  LOGOUT_TOKEN_TYP: z
    .enum(['logout+jwt', 'JWT'], { error: 'must be logout+jwt or JWT' })
    .default('logout+jwt'),
  LOGIN_SCOPE: z
    .string()
    .refine(
      (value) => /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(value),
      'must be scopes with one blank between',
    )
    .refine((value) => value.split(' ').includes('openid'), 'must contain openid')
    .default('openid profile email offline_access'),
  LOGIN_RATE: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'must be a number of requests a minute, 1 to 999999')
    .transform(Number)
    .default(300),
  BFF_WORKERS: z
    .string()
    .regex(/^([1-9]|[1-5]\d|6[0-4])$/, 'must be a number of processes, 1 to 64')
    .transform(Number)
    .default(1),
  TOKEN_GUARD: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  TRUST_PROXY: addresses.default([]),
  BFF_METRICS_PORT: optionalPort,
  OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  LOG_LEVEL: logLevel,
}

export interface Config {
  readonly production: boolean
  readonly host: string
  readonly port: number
  /** The gateway's own origin as the browser sees it, without final slash. */
  readonly baseUrl: string
  /** True when the browser reaches the gateway by https. */
  readonly secure: boolean
  readonly provider: {
    readonly kind: ProviderKind
    readonly issuer: string
    readonly clientId: string
    readonly clientSecret: Secret
    readonly audience: string
    /** What a login asks for (RFC 6749 section 3.3). */
    readonly scope: string
  }
  /** The messages API's origin, without final slash. */
  readonly apiServerUrl: string
  /** The file with the table of proxied routes. */
  readonly apiRoutes: string
  readonly session: {
    /** A Secret, because the address of a Redis has a password. */
    readonly store: Secret
    /** Newest first; undefined: generated once into the data folder. */
    readonly secrets: readonly Secret[] | undefined
    readonly idleSeconds: number
    readonly absoluteSeconds: number
  }
  /** What else than logout+jwt the header of a logout token may say; JWT: that, or nothing. */
  readonly logoutTokenTyp: 'logout+jwt' | 'JWT'
  /** How many login requests one address may make a minute. */
  readonly loginRate: number
  /** How many processes serve. */
  readonly workers: number
  /** Whether answers are searched for the visitor's tokens before they go out. */
  readonly tokenGuard: boolean
  readonly dataDir: string
  readonly trustProxy: readonly string[]
  /** Undefined: nothing is measured. */
  readonly metricsPort: number | undefined
  /** Where traces go; undefined: there are none. */
  readonly collector: string | undefined
  readonly logLevel: string
}

/** Pure: environment in, settings out. Throws SettingsError naming every problem at once. */
export function loadConfig(environment: Environment): Config {
  const values = readSettings(gatewaySettings, environment, problemsBetween)
  const { kind, issuer } = chosenProvider(values)
  const baseUrl = values.BASE_URL ?? `http://localhost:${values.BFF_PORT}`
  return {
    production: values.NODE_ENV === 'production',
    host: values.HOST,
    port: values.BFF_PORT,
    baseUrl,
    secure: baseUrl.startsWith('https:'),
    provider: {
      kind,
      issuer,
      clientId: values.AUTH0_CLIENT_ID ?? embeddedClients.gateway.id,
      clientSecret: new Secret(values.AUTH0_CLIENT_SECRET ?? embeddedClients.gateway.secret),
      audience: values.AUTH0_AUDIENCE,
      scope: values.LOGIN_SCOPE,
    },
    apiServerUrl: values.API_SERVER_URL ?? `http://localhost:${values.API_PORT}`,
    apiRoutes: values.API_ROUTES,
    session: {
      store: new Secret(values.SESSION_STORE ?? `sqlite:${values.DATA_DIR}/sessions.db`),
      secrets: values.SESSION_SECRET?.map((secret) => new Secret(secret)),
      idleSeconds: values.SESSION_IDLE_SECONDS,
      absoluteSeconds: values.SESSION_ABSOLUTE_SECONDS,
    },
    logoutTokenTyp: values.LOGOUT_TOKEN_TYP,
    loginRate: values.LOGIN_RATE,
    workers: values.BFF_WORKERS,
    tokenGuard: values.TOKEN_GUARD === 'on',
    dataDir: values.DATA_DIR,
    trustProxy: values.TRUST_PROXY,
    metricsPort: values.BFF_METRICS_PORT,
    collector: values.OTEL_EXPORTER_OTLP_ENDPOINT,
    logLevel: values.LOG_LEVEL,
  }
}

/** Nothing behind the number of the database: a password with an unencoded # or / in it would be cut off there. */
function isRedisAddress(value: string): boolean {
  const url = URL.parse(value)
  if (!url || !/^rediss?:$/.test(url.protocol) || !url.hostname || url.search || url.hash) return false
  try {
    decodeURIComponent(url.username + url.password)
  } catch {
    return false
  }
  return /^\/?\d*$/.test(url.pathname)
}
