import {
  type AdapterFactory,
  type Configuration,
  interactionPolicy,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider'
import { shapeAccessToken } from './access-token.ts'
import { createResourceIndicators, scopes } from './audience.ts'
import { createClients } from './clients.ts'
import type { Config } from './config.ts'
import type { Keys } from './keys.ts'
import { profileOf, scopeClaims } from './profile.ts'
import type { Users } from './users.ts'
import type { Views } from './views.ts'

const day = 24 * 60 * 60

interface Parts {
  readonly adapter: AdapterFactory
  readonly keys: Keys
  readonly users: Users
  readonly views: Views
}

/** oidc-provider, set up to answer at the addresses and in the form of an Auth0 tenant. */
export function createProvider(config: Config, { adapter, keys, users, views }: Parts): Provider {
  const { resource, indicators } = createResourceIndicators(config)
  const configuration: Configuration = {
    adapter,
    clients: createClients(config.gateway),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    clientBasedCORS: () => false,
    jwks: { keys: [keys.signing] },
    cookies: { keys: [keys.cookie] },
    scopes,
    claims: scopeClaims,
    // Auth0 puts the profile into the ID token also when there is an access token to fetch it with.
    conformIdTokenClaims: false,
    responseTypes: ['code'],
    pkce: { required: () => true },
    extraParams: ['audience', 'screen_hint'],
    interactions: { url: interactionUrl, policy: createPolicy() },
    findAccount: (_ctx, id) => {
      const user = users.findById(id)
      if (!user) return undefined
      const claims = () => ({ sub: id, ...profileOf(user, config.issuer) })
      return { accountId: id, email: user.email, claims }
    },
    loadExistingGrant: (ctx) => createGrant(ctx, resource),
    rotateRefreshToken: true,
    formats: {
      customizers: { jwt: (_ctx, token, parts) => shapeAccessToken(token, parts, users, config.issuer) },
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      resourceIndicators: indicators,
      clientCredentials: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx) => {
          const action = ctx.oidc.urlFor('end_session_confirm')
          ctx.body = views('log-out', { action, xsrf: ctx.oidc.session?.state?.secret })
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = views('logged-out', {})
        },
      },
    },
    fetch: (input, init) => deliver(config.gateway, input, init),
    renderError: (ctx, { error, error_description: description }) => {
      ctx.type = 'html'
      ctx.body = views('error', { status: ctx.status, error, description })
    },
    routes: {
      authorization: '/authorize',
      token: '/oauth/token',
      revocation: '/oauth/revoke',
      pushed_authorization_request: '/oauth/par',
      userinfo: '/userinfo',
      jwks: '/.well-known/jwks.json',
      end_session: '/oidc/logout',
    },
    ttl: {
      AccessToken: config.accessTokenSeconds,
      ClientCredentials: config.accessTokenSeconds,
      AuthorizationCode: 60,
      IdToken: 36_000,
      Interaction: 3600,
      Session: 7 * day,
      Grant: 30 * day,
      // Rotation does not prolong: the last refresh token of a family ends when the first would have.
      RefreshToken: (ctx) => ctx.oidc.entities.RotatedRefreshToken?.remainingTTL ?? 30 * day,
    },
  }
  return new Provider(config.issuer, configuration)
}

function interactionUrl(
  _ctx: KoaContextWithOIDC,
  { uid, params }: { uid: string; params: { screen_hint?: unknown } },
) {
  return params.screen_hint === 'signup' ? `/u/${uid}/sign-up` : `/u/${uid}`
}

/**
 * Nobody is asked for consent: both clients are the tenant owner's own. The prompt itself stays known,
 * because oidc-provider grants offline_access only where it is requested (see offline-access.ts).
 */
function createPolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  policy.get('consent')?.checks.clear()
  return policy
}

/**
 * A grant of its own for each login, never the one of an earlier login: its refresh tokens are one family,
 * and revoking one login must not end another.
 */
async function createGrant(ctx: KoaContextWithOIDC, resource: string) {
  const { provider, client, session } = ctx.oidc
  const grant = new provider.Grant({ clientId: client?.clientId, accountId: session?.accountId })
  grant.addOIDCScope(scopes)
  grant.addResourceScope(resource, scopes)
  await grant.save()
  return grant
}

/**
 * oidc-provider refuses to send a logout token to this machine (its guard against server-side request
 * forgery), and on a laptop the gateway is there. So: without the guard's dispatcher, to the gateway only.
 */
function deliver(gateway: string, input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input)
  if (url.origin !== gateway) throw new Error(`requests to ${url.origin} are not allowed`)
  const { dispatcher: _guard, ...rest } = { dispatcher: undefined, ...init }
  return fetch(url, rest)
}
