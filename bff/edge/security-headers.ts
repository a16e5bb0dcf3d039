import type { RequestHandler } from 'express'
import helmet from 'helmet'
import type { Config } from '../config.ts'

/**
 * What every response carries, errors and redirects included. Nothing inline and nothing from elsewhere
 * runs; the form-action of the identity provider is there because browsers apply it to the redirect that
 * answers POST /logout as well (w3c/webappsec-csp issue 8).
 */
export function securityHeaders({ secure, provider }: Config): RequestHandler[] {
  const providerOrigin = new URL(provider.issuer).origin
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          // The user's picture comes from wherever the identity provider says.
          imgSrc: ["'self'", 'https:', providerOrigin],
          connectSrc: ["'self'"],
          formAction: ["'self'", providerOrigin],
          baseUri: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      crossOriginOpenerPolicy: { policy: 'same-origin' },
      crossOriginResourcePolicy: { policy: 'same-origin' },
      referrerPolicy: { policy: 'no-referrer' },
      // Over http browsers ignore it, and "localhost" belongs to every project on a laptop.
      strictTransportSecurity: secure && { maxAge: 31_536_000, includeSubDomains: true },
      xFrameOptions: { action: 'deny' },
      xDnsPrefetchControl: false,
      xDownloadOptions: false,
      xPermittedCrossDomainPolicies: false,
      xXssProtection: false,
    }),
    (_req, res, next) => {
      res.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()')
      // Assets set their own; whatever forgets to is private.
      res.setHeader('Cache-Control', 'no-store')
      next()
    },
  ]
}
