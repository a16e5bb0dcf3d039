import { type RequestHandler, Router } from 'express'
import { importJWK, type JWK, jwtVerify } from 'jose'
import { profileOf, scopeClaims } from './profile.ts'
import { TenantError } from './tenant-error.ts'
import type { Users } from './users.ts'

interface Parts {
  readonly issuer: string
  readonly signing: JWK
  readonly users: Users
}

/**
 * /userinfo for the API's JWT access tokens: at Auth0 their second audience is /userinfo. oidc-provider
 * knows opaque tokens only; those go on to it.
 */
export function userinfo({ issuer, signing, users }: Parts): Router {
  const { kty, n, e } = signing
  const key = importJWK({ kty, n, e } as JWK, 'RS256')
  const answer: RequestHandler = async (req, res, next) => {
    const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(req.headers.authorization ?? '') ?? []
    if (!token) return next()
    const expected = { issuer, audience: `${issuer}userinfo`, algorithms: ['RS256'], typ: 'at+jwt' }
    const { payload } = await jwtVerify(token, await key, expected).catch((cause) => {
      res.set('WWW-Authenticate', `Bearer realm="${issuer}", error="invalid_token"`)
      throw new TenantError(401, 'invalid_token', 'The access token is not valid here', { cause })
    })
    const user = users.findById(payload.sub ?? '')
    if (!user) throw new TenantError(401, 'invalid_token', 'The user of this access token is gone')
    const scopes = String(payload.scope).split(' ')
    const names = Object.entries(scopeClaims).flatMap(([scope, claims]) =>
      scopes.includes(scope) ? claims : [],
    )
    const claims = Object.entries({ sub: user.id, ...profileOf(user, issuer) })
    res.set('Cache-Control', 'no-store')
    res.json(Object.fromEntries(claims.filter(([name]) => names.includes(name))))
  }
  const router = Router()
  router.route('/userinfo').get(answer).post(answer)
  return router
}
