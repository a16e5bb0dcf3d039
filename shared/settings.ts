import { isIP } from 'node:net'
import leven from 'leven'
import { z } from 'zod'

export type Environment = Readonly<Record<string, string | undefined>>
type Shape = Readonly<Record<string, z.ZodType>>
type Values<S extends Shape> = { readonly [Name in keyof S]: z.output<S[Name]> }

/** Everything that is wrong with the settings, one sentence a problem. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`Bad settings:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/**
 * Reads each setting of the shape from the environment. An empty value counts as unset, so that a line
 * `NAME=` in .env means the default. `rules` sees what could be read (a setting with a problem is missing)
 * and returns problems between settings. Throws one SettingsError that names every problem.
 */
export function readSettings<S extends Shape>(
  shape: S,
  environment: Environment,
  rules: (values: Partial<Values<S>>) => readonly string[],
): Values<S> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, type] of Object.entries(shape)) {
    const result = type.safeParse(environment[name] || undefined)
    if (result.success) values[name] = result.data
    else problems.push(...result.error.issues.map((issue) => `${name} ${issue.message}`))
  }
  problems.push(...rules(values as Partial<Values<S>>), ...unsafeNode(environment))
  if (problems.length > 0) throw new SettingsError(problems)
  return values as Values<S>
}

/** What makes Node itself unsafe, and has no place in production. */
function unsafeNode(environment: Environment): string[] {
  if (environment.NODE_ENV !== 'production') return []
  const { NODE_TLS_REJECT_UNAUTHORIZED: tls, NODE_OPTIONS: options = '', NODE_DEBUG: debug } = environment
  const problems: string[] = []
  if (tls === '0') problems.push('NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody be the identity provider')
  if (/--(inspect|require|import|loader|experimental-loader)\b|(^|\s)-r\b/.test(options)) {
    problems.push('NODE_OPTIONS must not open a debugger or load other code in production')
  }
  if (debug) problems.push('NODE_DEBUG must not be set in production: it prints headers, tokens included')
  return problems
}

const ourPrefixes = /^(AUTH0|BFF|TENANT|REACT_APP_AUTH0)_/

/**
 * Names in the environment that look like a setting of ours but are none: a typing error would otherwise
 * silently mean the default. Names of other programs are none of our business.
 */
export function unknownSettings(environment: Environment, known: readonly string[]): string[] {
  return Object.keys(environment)
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const similar = name.length < 8 ? undefined : known.find((other) => leven(name, other) <= 2)
      if (similar) return [`${name} is not a setting; did you mean ${similar}?`]
      return ourPrefixes.test(name) ? [`${name} is not a setting; .env.example lists them all`] : []
    })
}

const portNumber = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 65_535, 'must be a port number from 1 to 65535')

export const port = (fallback: number) => portNumber.default(fallback)
/** Of a server that is there only if it has a port. */
export const optionalPort = portNumber.optional()

export const seconds = (fallback: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'must be a number of seconds, 1 or more')
    .transform(Number)
    .default(fallback)

/** An http(s) origin, kept without its final slash: `http://localhost:4040`. */
export const origin = z
  .string()
  .refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    'must be a URL that begins with http:// or https://',
  )
  .refine((value) => {
    const url = URL.parse(value)
    return !url || (url.pathname === '/' && !url.search && !url.hash && !url.username)
  }, 'must be an origin: scheme, host and port, nothing behind')
  .transform((value) => new URL(value).origin)

/** A list of IP addresses or networks such as `10.0.0.0/8`. */
export const addresses = z
  .string()
  .transform((value) => value.split(',').map((address) => address.trim()))
  .refine((list) => list.every(isNetwork), 'must be a list of IP addresses or networks, a comma between')

function isNetwork(text: string): boolean {
  const [address = '', bits = '0', ...more] = text.split('/')
  const family = /%/.test(address) ? 0 : isIP(address)
  return (
    family > 0 && more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
  )
}

export const logLevel = z
  .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    error: 'must be one of fatal, error, warn, info, debug, trace, silent',
  })
  .default('info')

/** Where a collector of traces is: OpenTelemetry's own setting, of which the rest is read by its library. */
export const collector = z
  .string()
  .refine((value) => {
    const url = URL.parse(value)
    return url && /^https?:$/.test(url.protocol) && !url.username && !url.search && !url.hash
  }, 'must be a URL that begins with http:// or https://, without user, query or fragment')
  .optional()

export const nodeEnv = z.string().optional()
export const host = z.string().default('localhost')
