import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'

/** What every access token of the API may say about its user, besides the API's own permissions. */
export const scopes = ['openid', 'profile', 'email', 'offline_access']

interface Api {
  readonly audience: string
  readonly accessTokenSeconds: number
}

/**
 * Auth0's `audience` on top of oidc-provider's `resource` (RFC 8707). A resource must be an absolute URI, an
 * Auth0 audience may be any text, so the text travels inside a URN.
 */
export function createResourceIndicators({ audience, accessTokenSeconds }: Api) {
  const resource = `urn:cloakroom:audience:${encodeURIComponent(audience)}`
  const api: ResourceServer = {
    audience,
    scope: scopes.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: accessTokenSeconds,
    jwt: { sign: { alg: 'RS256' } },
  }
  const indicators = {
    enabled: true,
    useGrantedResource: () => true,
    defaultResource: (ctx: KoaContextWithOIDC) => {
      const requested = requestedAudience(ctx)
      if (requested === audience) return resource
      if (requested !== undefined) throw notFound(requested)
      if (ctx.oidc.route === 'token') throw new errors.AccessDenied('No audience parameter was provided')
      // A login without audience gets an opaque access token, good for /userinfo only; so it is at Auth0.
      return []
    },
    getResourceServerInfo: (_ctx: KoaContextWithOIDC, identifier: string) => {
      if (identifier !== resource) throw notFound(identifier)
      return api
    },
  }
  return { resource, indicators }
}

function requestedAudience({ oidc }: KoaContextWithOIDC): string | undefined {
  const audience = (oidc.route === 'token' ? oidc.body : oidc.params)?.audience
  return typeof audience === 'string' && audience !== '' ? audience : undefined
}

const notFound = (audience: string) => new errors.AccessDenied(`Service not found: ${audience}`)
