import { Router } from 'express'
import type { Provider } from 'oidc-provider'
import { endSession } from './end-session.ts'
import { TenantError } from './tenant-error.ts'

/** Auth0's own logout: GET /v2/logout?client_id&returnTo. */
export function logout(provider: Provider): Router {
  const router = Router()
  router.get('/v2/logout', async (req, res) => {
    const { client_id: clientId, returnTo } = req.query
    const client = typeof clientId === 'string' ? await provider.Client.find(clientId) : undefined
    if (!client) throw new TenantError(400, 'invalid_request', 'Unknown client_id')
    // Compared whole: an address that merely begins like an allowed one is another site's.
    const address = returnTo ?? client.postLogoutRedirectUris?.[0]
    if (typeof address !== 'string' || !client.postLogoutRedirectUris?.includes(address)) {
      throw new TenantError(400, 'invalid_request', 'The returnTo address is not in the allowed logout URLs')
    }
    await endSession(provider, req, res)
    res.redirect(address)
  })
  return router
}
