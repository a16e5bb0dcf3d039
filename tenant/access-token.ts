import type { AccessToken, ClientCredentials, JWTStructured } from 'oidc-provider'
import { permissionsOfClients } from './clients.ts'
import { permissionsOf, type Users } from './users.ts'

/**
 * Gives a JWT access token the claims that Auth0 adds to those of RFC 9068. Permissions are looked up for
 * each token: a refresh brings a changed role.
 */
export function shapeAccessToken(
  token: AccessToken | ClientCredentials,
  { payload }: JWTStructured,
  users: Users,
  issuer: string,
): void {
  payload.azp = token.clientId
  if (token.kind === 'ClientCredentials') {
    payload.sub = `${token.clientId}@clients`
    payload.gty = 'client-credentials'
    payload.permissions = permissionsOfClients[token.clientId ?? ''] ?? []
  } else {
    const user = users.findById(token.accountId)
    payload.aud = [token.aud, `${issuer}userinfo`]
    payload.permissions = user ? permissionsOf(user) : []
  }
}
