import type { RequestHandler } from 'express'
import { HttpError } from '../http-error.ts'
import { sendOnward } from './onward.ts'
import { isApi } from './request-kind.ts'

const refused = (message: string) => new HttpError(403, message, { denial: 'cross-site' })
const framed = ['iframe', 'frame', 'object', 'embed', 'fencedframe']

/**
 * What other sites can make a browser ask for.
 *
 * A request that changes something has to prove that it comes from one of our own pages (RFC 10017 section 6.1).
 * Every current browser sends Sec-Fetch-Site or Origin with a POST; a request with neither has no proof. SameSite
 * cookies do not do this: another port of the same host is the same site.
 *
 * A link from another site, and the identity provider's way back to /callback, come without the ticket, which is
 * SameSite=Strict. The page that they get asks for the same address again, and that request has it. Whatever else
 * another site asks for (scripts, pictures, frames, fetch) is nothing that a site of ours is there for. The routes of
 * the API answer no page but our own, whatever the method: their status and length alone may tell something.
 */
export function guardFromOtherSites(baseUrl: string): RequestHandler {
  return (req, res, next) => {
    const isSafe = req.method === 'GET' || req.method === 'HEAD' || req.method === 'OPTIONS'
    const { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = req.headers
    // No page of ours has frames, and what is in one of somebody else's must not begin a login unseen.
    if (dest !== undefined && framed.includes(dest)) {
      return next(refused('A page of ours in a frame'))
    }
    if (!isSafe) {
      const isOwn = site === undefined ? req.headers.origin === baseUrl : site === 'same-origin'
      return next(isOwn ? undefined : refused('A request from another site was refused'))
    }
    if (isApi(req)) {
      const isOwn = site !== 'cross-site' && site !== 'same-site' && mode !== 'navigate'
      return next(isOwn ? undefined : refused('A route of the API is for scripts of our own pages'))
    }
    if (site !== 'cross-site' && site !== 'same-site') return next()
    if (mode !== 'navigate' || res.locals.kind !== 'navigation')
      return next(refused('Another site asked for something that is no page'))
    // A sibling on the same site has sent the ticket along.
    if (site === 'cross-site') sendOnward(res)
    else next()
  }
}
