import { Router } from 'express'
import type { Config } from '../config.ts'
import { HttpError } from '../http-error.ts'
import { createMessagesApi } from './messages-api.ts'
import { siteMap } from './site-map.ts'

/** The pages of the site map. A private one sends whoever is not logged in to login and back. */
export function createPages({ apiServerUrl }: Config): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const fetchMessage = createMessagesApi(apiServerUrl)
  for (const { path, view, title, access, load } of siteMap) {
    router.get(path, async (_req, res) => {
      const { visitor, requestId } = res.locals
      if (access === 'private' && !visitor) throw new HttpError(401, 'Nobody is logged in')
      const content = await load?.({ visitor, requestId, fetchMessage })
      res.status(content?.status ?? 200).render(view, { title, data: content?.data })
    })
    router.all(path, (_req, res, next) => {
      res.setHeader('Allow', 'GET, HEAD')
      next(new HttpError(405, 'A page takes GET only'))
    })
  }
  return router
}
