import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Router } from 'express'
import type { Config } from './config.ts'
import { adminPermission } from './messages.ts'
import { allowMethods } from './methods.ts'

/** What the API says of itself: its contract (OpenAPI), and where tokens for it come from (RFC 9728). */
export function descriptions(config: Config): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const add = (path: string, description: unknown) => {
    // Once, and not for each request.
    const text = JSON.stringify(description)
    router.all(path, allowMethods)
    router.get(path, (_req, res) => {
      // The one thing that may be kept: it is the same for everybody, and a client that looks here before each token
      // need not ask again. For minutes only, because settings change.
      res.setHeader('Cache-Control', 'public, max-age=300')
      res.type('json').send(text)
    })
  }
  add('/openapi.json', JSON.parse(readFileSync(join(import.meta.dirname, 'openapi.json'), 'utf8')))
  add('/.well-known/oauth-protected-resource', protectedResource(config))
  return router
}

/** Protected Resource Metadata, RFC 9728 section 2. What it does not name is not so, or not known here. */
function protectedResource({ issuer, audience }: Config) {
  return {
    resource: audience,
    authorization_servers: [issuer],
    scopes_supported: [adminPermission],
    bearer_methods_supported: ['header'],
    resource_name: 'Messages API',
  }
}
