import type { Claims } from './verify.ts'

/** Who a token was issued to, and for whom: a service that acts for itself is no user, whatever its `sub` looks like. */
export type Caller =
  | { readonly kind: 'user'; readonly sub: string; readonly client: string | undefined }
  | { readonly kind: 'service'; readonly client: string }

/**
 * Providers say it in their own ways: Auth0 by `gty` and a `sub` of CLIENT@clients, Entra ID by a `sub` that is
 * the `oid` (a user's never is) or by `idtyp`, and RFC 9068 (section 2.2) by a `sub` that is the client's id. Not to be taken for a user of that name: RFC 9700 section 4.15.
 */
export function callerOf(claims: Claims): Caller {
  const names = ['client_id', 'azp', 'cid', 'appid'].map((name) =>
    Object.hasOwn(claims, name) ? claims[name] : undefined,
  )
  const client = names.find((name) => typeof name === 'string' && name !== '') as string | undefined
  const { sub } = claims
  const isService =
    claims.gty === 'client-credentials' || claims.idtyp === 'app' || sub === claims.oid || sub === client
  return isService || sub.endsWith('@clients')
    ? { kind: 'service', client: client ?? sub.replace(/@clients$/, '') }
    : { kind: 'user', sub, client }
}
