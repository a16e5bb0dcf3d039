import type { z } from 'zod'
import { chosenProvider, providerProblems } from '../shared/identity-provider.ts'
import type { gatewaySettings } from './config.ts'

/** What could be read: a setting with a problem of its own is missing. */
type Values = { readonly [Name in keyof typeof gatewaySettings]?: z.output<(typeof gatewaySettings)[Name]> }

/** What is wrong with settings that are good each by itself. */
export function problemsBetween(values: Values): string[] {
  const problems = providerProblems(values)
  const embedded = chosenProvider(values).kind === 'embedded'
  if (!embedded) {
    for (const name of ['AUTH0_CLIENT_ID', 'AUTH0_CLIENT_SECRET'] as const) {
      if (!values[name]) problems.push(`${name} is required with an identity provider of your own`)
    }
  } else if (values.AUTH0_CLIENT_ID || values.AUTH0_CLIENT_SECRET) {
    problems.push('AUTH0_DOMAIN (or ISSUER_URL) is required with AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET')
  }
  if (values.AUTH0_CLIENT_ID !== undefined && values.AUTH0_CLIENT_ID === values.AUTH0_AUDIENCE) {
    problems.push('AUTH0_AUDIENCE must not be AUTH0_CLIENT_ID: an ID token would pass for an access token')
  }
  if (values.SESSION_STORE === 'memory:' && (values.BFF_WORKERS ?? 1) > 1) {
    problems.push(
      'BFF_WORKERS must be 1 with SESSION_STORE=memory: or each process would have sessions of its own',
    )
  }
  return values.NODE_ENV === 'production' ? [...problems, ...productionProblems(values)] : problems
}

/** What is convenient on a laptop and dangerous on the internet. */
function productionProblems(values: Values): string[] {
  const problems: string[] = []
  if (!values.BASE_URL?.startsWith('https:')) problems.push('BASE_URL must begin with https:// in production')
  if (values.SESSION_STORE === 'memory:') {
    problems.push('SESSION_STORE must not be memory: in production; a restart would log everybody out')
  }
  if (!values.SESSION_SECRET) problems.push('SESSION_SECRET is required in production')
  // .env.example's own value, and anything with next to no entropy.
  for (const secret of values.SESSION_SECRET ?? []) {
    if (/example|change.?me/i.test(secret) || new Set(secret).size < 10) {
      problems.push('SESSION_SECRET must be random in production: openssl rand -base64 48')
    }
  }
  return problems
}
