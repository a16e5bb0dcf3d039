import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Log } from '../shared/log.ts'

/** One line for each grant served or refused: type, client, user; never a token, code or secret. */
export function logGrants(provider: Provider, log: Log): void {
  provider.on('grant.success', (ctx) => log.info(describe(ctx), 'grant'))
  provider.on('grant.error', (ctx, { error, error_description: reason }) =>
    log.info({ ...describe(ctx), error, reason }, 'grant refused'),
  )
  provider.on('grant.revoked', (ctx) => log.info({ client: ctx.oidc.client?.clientId }, 'grant revoked'))
  provider.on('authorization.error', (ctx, { error, error_description: reason }) =>
    log.info({ client: ctx.oidc.client?.clientId, error, reason }, 'authorization refused'),
  )
  provider.on('backchannel.success', (_ctx, client) =>
    log.info({ client: client.clientId }, 'back-channel logout delivered'),
  )
  provider.on('backchannel.error', (_ctx, error, client) =>
    log.warn({ client: client.clientId, reason: error.message }, 'back-channel logout not delivered'),
  )
  provider.on('server_error', (_ctx, err) => log.error({ err }, 'request failed'))
}

function describe({ oidc }: KoaContextWithOIDC) {
  const { Account: account, Client: client } = oidc.entities
  return { grant: oidc.params?.grant_type, client: client?.clientId, user: account?.email }
}
