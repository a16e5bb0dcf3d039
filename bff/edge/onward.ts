import type { Response } from 'express'

/**
 * A page that leads the browser to an address, or asks for its own again, at once and without scripts. The request
 * that follows is one of our own page: it carries SameSite=Strict cookies, which one from another site does not, nor
 * any that it is redirected to. Do not replace this by a redirect. It cannot go round in circles: what it causes is
 * never cross-site.
 */
export function sendOnward(res: Response, address?: string): void {
  res.vary('Sec-Fetch-Site')
  res.render('onward', { address })
}
