import { Router } from 'express'
import type { Tracing } from '../../shared/tracing.ts'
import type { Config } from '../config.ts'
import { refuseMethod } from '../edge/refuse-method.ts'
import { HttpError } from '../http-error.ts'
import type { Meters } from '../metrics.ts'
import { createMessagesApi } from './messages-api.ts'
import { type Page, siteMap } from './site-map.ts'

declare global {
  namespace Express {
    interface Locals {
      /** The page being filled: when that fails for want of the API, its own view says so (views/error.eta). */
      page?: Page
    }
  }
}

/** The pages of the site map. A private one sends whoever is not logged in to login and back. */
export function createPages(
  { apiServerUrl }: Config,
  meters: Meters | undefined,
  tracing: Tracing | undefined,
): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const fetchMessage = createMessagesApi(apiServerUrl, tracing)
  for (const page of siteMap) {
    router.get(page.path, async (_req, res) => {
      const { visitor, requestId, trace } = res.locals
      if (page.access === 'private' && !visitor) throw new HttpError(401, 'Nobody is logged in')
      res.locals.page = page
      const content = await page.load?.({ visitor, requestId, traceparent: trace.traceparent, fetchMessage })
      if (content?.status === 403) meters?.denied('forbidden')
      res.status(content?.status ?? 200).render(page.view, { data: content?.data })
    })
    router.all(page.path, refuseMethod('GET, HEAD'))
  }
  return router
}
