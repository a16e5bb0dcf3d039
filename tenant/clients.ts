import type { ClientMetadata } from 'oidc-provider'
import { embeddedClients } from '../shared/identity-provider.ts'

/** What each client may do with its own token (client_credentials). */
export const permissionsOfClients: Readonly<Record<string, readonly string[]>> = {
  [embeddedClients.service.id]: ['read:admin-messages'],
}

/** The tenant's two applications. `gateway` is the gateway's origin without final slash. */
export function createClients(gateway: string): ClientMetadata[] {
  return [
    {
      client_id: embeddedClients.gateway.id,
      client_secret: embeddedClients.gateway.secret,
      client_name: 'Cloakroom',
      client_uri: gateway,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: [`${gateway}/callback`],
      post_logout_redirect_uris: [gateway, `${gateway}/`],
      backchannel_logout_uri: `${gateway}/backchannel-logout`,
      backchannel_logout_session_required: true,
      token_endpoint_auth_method: 'client_secret_post',
    },
    {
      client_id: embeddedClients.service.id,
      client_secret: embeddedClients.service.secret,
      client_name: 'Messages service',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_post',
    },
  ]
}
