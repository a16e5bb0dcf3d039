import { join, relative } from 'node:path'
import { Eta } from 'eta'
import type { Application } from 'express'
import type { Config } from '../config.ts'
import { isApi } from '../edge/request-kind.ts'
import { localPath } from '../edge/return-to.ts'
import type { Visitor } from '../session/session.ts'
import { assetAddress } from './assets.ts'
import { nameOf } from './claims.ts'
import { sessionStatus } from './session-status.ts'
import { siteMap } from './site-map.ts'

const folder = join(import.meta.dirname, '../../views')

declare global {
  namespace Express {
    interface Locals {
      /** What surrounds a view: the whole document, or nothing for a request of htmx that swaps a part. */
      layout: '/layouts/page' | '/layouts/fragment'
      /** The path of the request, for the bar. */
      path: string
      /** The page to come back to after login: path and query of the request, where that is a page. */
      address: string
    }
  }
}

/**
 * Eta as the application's view engine, each template compiled once. One template and one address serve page
 * and fragment: what differs is the layout around it, so caches have to tell them apart.
 */
export function useViews(app: Application, { baseUrl, session }: Pick<Config, 'baseUrl' | 'session'>): void {
  const eta = new Eta({ views: folder, cache: true })
  // Views name each other from the folder on, so that a name is one file, wherever it stands. Eta would find that out
  // with each use of it.
  eta.resolvePath = once(eta.resolvePath.bind(eta))
  const nameOfView = once((file: string) => `/${relative(folder, file)}`.replace(/\.eta$/, ''))
  app.engine('eta', (file, data, done) => {
    try {
      done(null, eta.render(nameOfView(file), data))
    } catch (error) {
      done(error)
    }
  })
  app.set('views', folder)
  app.set('view engine', 'eta')
  app.enable('view cache')
  app.locals.asset = assetAddress
  app.locals.nameOf = nameOf
  app.locals.statusOf = (visitor: Visitor) => sessionStatus(visitor, session.idleSeconds)
  app.locals.tabs = siteMap.flatMap(({ path, tab, access }) => (tab ? [{ path, access, ...tab }] : []))
  app.use((req, res, next) => {
    // htmx 4 sends HX-Request-Type with each HX-Request; the bar depends on the cookie.
    res.setHeader('Vary', 'HX-Request, HX-Request-Type, Cookie')
    // What is below /api is no page, and its errors are none either.
    if (isApi(req)) return next()
    res.locals.layout = req.headers['hx-request-type'] === 'partial' ? '/layouts/fragment' : '/layouts/page'
    res.locals.path = req.path
    // Not as it is: the address of a callback holds an authorization code, which has no business in a page.
    res.locals.address = localPath(req.originalUrl, baseUrl)
    next()
  })
}

/** Asks once for each name. For the few names of files, of which none is ever forgotten. */
function once<More extends unknown[]>(find: (name: string, ...more: More) => string) {
  const found = new Map<string, string>()
  return (name: string, ...more: More): string => {
    const known = found.get(name) ?? find(name, ...more)
    found.set(name, known)
    return known
  }
}
