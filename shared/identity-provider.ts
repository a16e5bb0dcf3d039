import { z } from 'zod'
import { port } from './settings.ts'

/**
 * The embedded tenant's two clients. Their secrets are public on purpose: the tenant listens on loopback
 * only, refuses NODE_ENV=production, and shows its users' password on its own login page.
 */
export const embeddedClients = {
  gateway: { id: 'cloakroom', secret: 'embedded-tenant-gateway-secret' },
  service: { id: 'messages-service', secret: 'embedded-tenant-service-secret' },
} as const

/** A tenant's domain as people paste it: with or without https:// and the final slash. */
const domain = z
  .string()
  .transform((value) =>
    value
      .trim()
      .replace(/^https:\/\//i, '')
      .replace(/\/$/, ''),
  )
  .refine(
    (value) => /^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?$/i.test(value),
    'must be a domain such as your-tenant.eu.auth0.com, without a path',
  )

const issuerUrl = z
  .string()
  .refine(
    (value) => /^https?:\/\//.test(value) && URL.canParse(value) && !/[?#]/.test(value),
    'must be the issuer as the provider spells it: an http(s) URL without query or fragment',
  )

/** The settings that say who issues the tokens; gateway and API read the same ones. */
export const providerSettings = {
  AUTH0_DOMAIN: domain.optional(),
  ISSUER_URL: issuerUrl.optional(),
  AUTH0_AUDIENCE: z
    .string()
    .refine((value) => !/[\s"\\]/.test(value), 'must not contain blanks or quotes')
    .default('https://hello-world.example.com'),
  TENANT_PORT: port(7070),
}

interface ProviderValues {
  readonly AUTH0_DOMAIN?: string | undefined
  readonly ISSUER_URL?: string | undefined
  readonly TENANT_PORT?: number
}

export type ProviderKind = 'auth0' | 'openid' | 'embedded'

/** Which identity provider the settings choose, and its issuer identifier, letter for letter. */
export function chosenProvider(values: ProviderValues): { kind: ProviderKind; issuer: string } {
  if (values.AUTH0_DOMAIN) return { kind: 'auth0', issuer: `https://${values.AUTH0_DOMAIN}/` }
  if (values.ISSUER_URL) return { kind: 'openid', issuer: values.ISSUER_URL }
  return { kind: 'embedded', issuer: `http://127.0.0.1:${values.TENANT_PORT ?? 7070}/` }
}

/** What no program may accept: two providers at once, and in production one without TLS. */
export function providerProblems(values: ProviderValues & { NODE_ENV?: string | undefined }): string[] {
  const problems: string[] = []
  const { kind, issuer } = chosenProvider(values)
  if (values.AUTH0_DOMAIN && values.ISSUER_URL) {
    problems.push('AUTH0_DOMAIN and ISSUER_URL both name an identity provider; keep one')
  }
  if (values.NODE_ENV === 'production' && kind === 'embedded') {
    problems.push('AUTH0_DOMAIN or ISSUER_URL is required in production; the embedded tenant is for a laptop')
  }
  if (values.NODE_ENV === 'production' && kind === 'openid' && issuer.startsWith('http:')) {
    problems.push('ISSUER_URL must begin with https:// in production')
  }
  return problems
}
