import type { RequestHandler } from 'express'
import type { Secret } from '../../shared/secret.ts'
import type { Config } from '../config.ts'
import { isApi } from '../edge/request-kind.ts'
import { HttpError } from '../http-error.ts'
import { ticketCookie, ticketIn } from '../session/cookie.ts'
import type { Sessions } from '../session/sessions.ts'
import { events } from './answer.ts'
import { asHttpError, createForward } from './forward.ts'
import { upstreamHeaders } from './headers.ts'
import { createMatch } from './match.ts'
import type { Route } from './routes.ts'

/** The proxied routes. Everything else below /api is 404. */
export function proxyRoutes(config: Config, sessions: Sessions, routes: readonly Route[]): RequestHandler {
  const match = createMatch(routes)
  const { name } = ticketCookie(config)
  const forward = createForward(config.apiServerUrl, 256)
  // Apart from the others: streams stay open, and whoever opens many must not take all connections of all visitors.
  const forwardEvents = createForward(config.apiServerUrl, 4000)

  return async (req, res, next) => {
    if (!isApi(req)) return next()
    const { method, originalUrl: target, headers } = req
    const route = match({ method, target, headers })
    const ticket = ticketIn(headers.cookie, name)
    const visitor = route.token === 'visitor' ? await sessions.find(ticket) : undefined
    if (route.token === 'visitor' && !visitor) throw new HttpError(401, 'Nobody is logged in')
    const { requestId } = res.locals

    const send = async (refused?: Secret): Promise<boolean> => {
      const accessToken = await visitor?.accessToken(refused)
      if (refused && accessToken?.reveal() === refused.reveal()) return false
      const mayRetry = accessToken !== undefined && refused === undefined && isSafe(method)
      const startedAt = performance.now()
      res.locals.exchange = {
        route,
        fail: (error) => next(asHttpError(error, startedAt, route.body !== undefined && !req.complete)),
        isOver: () =>
          sessions.peek(ticket).then(
            (found) => !found,
            () => false,
          ),
        retry: mayRetry ? () => send(accessToken) : undefined,
      }
      req.headers = upstreamHeaders(headers, { requestId, accessToken, hasBody: route.body !== undefined })
      void (route.answers.includes(events) ? forwardEvents : forward)(req, res)
      return true
    }
    await send()
  }
}

const isSafe = (method: string) => method === 'GET' || method === 'HEAD'
