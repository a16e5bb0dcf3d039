import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'

/**
 * Ends the browser's session at the tenant and tells each client that took part in it (OpenID Connect
 * Back-Channel Logout). A client that cannot be told does not keep the user logged in here. Refresh tokens
 * live on, as at Auth0: they belong to the client's session, which it ends itself.
 */
export async function endSession(
  provider: Provider,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const ctx = provider.createContext(req, res)
  const session = await provider.Session.get(ctx)
  const { accountId, authorizations = {} } = session
  if (!accountId) return
  await session.destroy()
  ctx.cookies.set(provider.cookieName('session'), null)
  await Promise.all(
    Object.entries(authorizations).map(async ([clientId, { sid }]) => {
      const client = await provider.Client.find(clientId)
      if (typeof client?.backchannelLogout !== 'function' || !client.backchannelLogoutUri) return
      try {
        await client.backchannelLogout(accountId, sid)
        provider.emit('backchannel.success', ctx, client, accountId, sid)
      } catch (error) {
        provider.emit('backchannel.error', ctx, error, client, accountId, sid)
      }
    }),
  )
}
