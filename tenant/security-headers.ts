import type { RequestHandler } from 'express'
import helmet from 'helmet'
import type { Config } from './config.ts'
import { TenantError } from './tenant-error.ts'

/** What every response carries. No script runs on any page, but the one whose hash oidc-provider adds. */
export function securityHeaders({ gateway }: Config): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: [],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        // The gateway: browsers apply form-action to the redirects behind a form, and logging in ends there.
        formAction: ["'self'", gateway],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  })
}

/**
 * The tenant answers under its issuer's name only. oidc-provider builds the addresses it publishes from the
 * Host header, and a foreign name that resolves to this machine (DNS rebinding) must not get at the pages.
 */
export function requireIssuerHost({ issuer }: Config): RequestHandler {
  const { host } = new URL(issuer)
  return (req, _res, next) => {
    if (req.headers.host === host) return next()
    throw new TenantError(421, 'invalid_request', `The tenant is at ${issuer} only`)
  }
}
