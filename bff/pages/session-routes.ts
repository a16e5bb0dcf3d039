import { Router } from 'express'
import type { Config } from '../config.ts'
import { refuseMethod } from '../edge/refuse-method.ts'
import { localPath } from '../edge/return-to.ts'
import { HttpError } from '../http-error.ts'
import type { Sessions } from '../session/sessions.ts'
import { findVisitor } from '../session/visitor.ts'

/** What a visitor can do about sessions: ask how long this one lasts, stay, and end others. */
export function sessionRoutes(config: Config, { find, peek }: Sessions): Router {
  const router = Router({ caseSensitive: true, strict: true })

  // Pages ask this by themselves, in browsers that nobody sits at: it must not keep a session from going idle.
  router.get('/session', findVisitor(peek, config), (req, res) => {
    res.locals.address = localPath(req.query.returnTo, config.baseUrl)
    if (res.locals.layout === '/layouts/page') return res.render('session')
    if (res.locals.visitor) return res.render('partials/session-watch')
    // The session has ended: what the page shows is for nobody to read any more.
    res.setHeader('HX-Redirect', `/session?returnTo=${encodeURIComponent(res.locals.address)}`)
    res.status(204).end()
  })

  router.post('/session', findVisitor(find, config), (req, res) => {
    res.locals.address = localPath(req.body?.returnTo, config.baseUrl)
    if (!res.locals.visitor) throw new HttpError(401, 'The session has ended meanwhile')
    if (res.locals.layout === '/layouts/page') res.redirect(303, res.locals.address)
    else res.render('partials/session-watch')
  })

  router.post('/sessions/end', findVisitor(find, config), async (req, res) => {
    res.locals.address = '/sessions'
    const { visitor } = res.locals
    if (!visitor) throw new HttpError(401, 'Nobody is logged in')
    const session: unknown = req.body?.session
    if (typeof session !== 'string') throw new HttpError(400, 'Not one session to end')
    await visitor.endOthers(session === 'others' ? undefined : session)
    res.redirect(303, '/sessions')
  })

  router.all('/session', refuseMethod('GET, HEAD, POST'))
  router.all('/sessions/end', refuseMethod('POST'))
  return router
}
