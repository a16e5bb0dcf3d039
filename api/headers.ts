import type { RequestHandler } from 'express'
import helmet from 'helmet'
import { headersOf } from '../shared/constant-headers.ts'

const headers = [
  ...headersOf(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      crossOriginOpenerPolicy: { policy: 'same-origin' },
      crossOriginResourcePolicy: { policy: 'same-origin' },
      referrerPolicy: { policy: 'no-referrer' },
      strictTransportSecurity: false,
      xFrameOptions: { action: 'deny' },
      xDnsPrefetchControl: false,
      xDownloadOptions: false,
      xPermittedCrossDomainPolicies: false,
      xXssProtection: false,
    }),
  ),
  ['Cache-Control', 'no-store'] as const,
]

/**
 * What every answer carries, errors included. No Strict-Transport-Security: the API itself speaks http on an
 * inner network, and browsers ignore the header there; whoever puts TLS in front of it adds it there.
 */
export const securityHeaders: RequestHandler = (_req, res, next) => {
  for (const [name, value] of headers) res.setHeader(name, value)
  next()
}

/**
 * CORS for one origin, compared letter for letter; other origins get no CORS header at all. Unset, there is no
 * CORS: the gateway calls from its server.
 */
export function allowOrigin(clientOrigin: string): RequestHandler {
  return (req, res, next) => {
    // The answer differs by Origin even where it has no CORS header.
    res.vary('Origin')
    if (req.headers.origin === clientOrigin) {
      res.setHeader('Access-Control-Allow-Origin', clientOrigin)
      if (req.method === 'OPTIONS') {
        res.setHeader('Access-Control-Allow-Methods', 'GET')
        res.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type')
        res.setHeader('Access-Control-Max-Age', 86_400)
      }
    }
    next()
  }
}
