import type { RequestHandler } from 'express'
import { HttpError } from '../http-error.ts'

/**
 * Refuses a request that changes something unless it proves to come from one of our own pages (RFC 10017
 * section 6.1). SameSite cookies do not do this: another port of the same host is the same site.
 * Every current browser sends Sec-Fetch-Site or Origin with a POST; a request with neither has no proof.
 */
export function requireSameOrigin(baseUrl: string): RequestHandler {
  return (req, _res, next) => {
    if (req.method === 'GET' || req.method === 'HEAD' || req.method === 'OPTIONS') return next()
    const site = req.headers['sec-fetch-site']
    const origin = req.headers.origin
    const proven = site === undefined ? origin === baseUrl : site === 'same-origin'
    next(proven ? undefined : new HttpError(403, 'A request from another site was refused'))
  }
}
