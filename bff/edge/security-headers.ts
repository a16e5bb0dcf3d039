import type { RequestHandler } from 'express'
import helmet from 'helmet'
import { headersOf } from '../../shared/constant-headers.ts'
import type { Config } from '../config.ts'

/**
 * What every response carries, errors and redirects included. Nothing inline and nothing from elsewhere
 * runs. `formTargets`: origins of the identity provider, the same list as long as nothing changes. They are in
 * form-action because browsers apply it to the redirect that answers a form (POST /logout) as well
 * (w3c/webappsec-csp issue 8).
 */
export function securityHeaders(
  { secure, provider }: Config,
  formTargets: () => readonly string[],
): RequestHandler {
  const providerOrigin = new URL(provider.issuer).origin
  const headersFor = (targets: readonly string[]) => [
    ...headersOf(
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
            formAction: ["'self'", ...targets],
            baseUri: ["'none'"],
            frameAncestors: ["'none'"],
          },
        },
        crossOriginOpenerPolicy: { policy: 'same-origin' },
        crossOriginResourcePolicy: { policy: 'same-origin' },
        // With no-referrer the Origin of our own forms is `null` (Fetch, section 3.2): the proof of a browser that does not
        // send Sec-Fetch-Site (cross-site.ts). Other sites get nothing by either.
        referrerPolicy: { policy: 'same-origin' },
        // Over http browsers ignore it, and "localhost" belongs to every project on a laptop.
        strictTransportSecurity: secure && { maxAge: 31_536_000, includeSubDomains: true },
        xFrameOptions: { action: 'deny' },
        xDnsPrefetchControl: false,
        xDownloadOptions: false,
        xPermittedCrossDomainPolicies: false,
        xXssProtection: false,
      }),
    ),
    ['Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'] as const,
    // Assets set their own; whatever forgets to is private.
    ['Cache-Control', 'no-store'] as const,
  ]
  let targets = formTargets()
  let headers = headersFor(targets)
  return (req, res, next) => {
    const current = formTargets()
    if (current !== targets) {
      targets = current
      headers = headersFor(targets)
    }
    for (const [name, value] of headers) res.setHeader(name, value)
    // Its address has the authorization code, and it has no forms.
    if (req.path === '/callback') res.setHeader('Referrer-Policy', 'no-referrer')
    next()
  }
}
