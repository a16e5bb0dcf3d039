import type { RequestHandler } from 'express'
import type { Secret } from '../../shared/secret.ts'
import type { Tracing } from '../../shared/tracing.ts'
import type { Config } from '../config.ts'
import { isApi } from '../edge/request-kind.ts'
import { HttpError } from '../http-error.ts'
import type { Meters } from '../metrics.ts'
import { ticketCookie, ticketIn } from '../session/cookie.ts'
import type { Sessions } from '../session/sessions.ts'
import { events } from './answer.ts'
import { asHttpError, createForward } from './forward.ts'
import { upstreamHeaders } from './headers.ts'
import { createMatch } from './match.ts'
import type { Route } from './routes.ts'

interface Parts {
  readonly config: Config
  readonly sessions: Sessions
  readonly routes: readonly Route[]
  readonly meters: Meters | undefined
  readonly tracing: Tracing | undefined
}

/** The proxied routes. Everything else below /api is 404. */
export function proxyRoutes({ config, sessions, routes, meters, tracing }: Parts): RequestHandler {
  const match = createMatch(routes)
  const { name } = ticketCookie(config)
  const forward = createForward(config.apiServerUrl, 256)
  // Apart from the others: streams stay open, and whoever opens many must not take all connections of all visitors.
  const forwardEvents = createForward(config.apiServerUrl, 4000)

  return async (req, res, next) => {
    if (!isApi(req)) return next()
    const { method, originalUrl: target, headers } = req
    const route = match({ method, target, headers })
    res.locals.route = route.path
    const ticket = ticketIn(headers.cookie, name)
    const visitor = route.token === 'visitor' ? await sessions.find(ticket) : undefined
    if (route.token === 'visitor' && !visitor) throw new HttpError(401, 'Nobody is logged in')
    const { requestId, trace } = res.locals

    const send = async (refused?: Secret): Promise<boolean> => {
      const accessToken = await visitor?.accessToken(refused)
      if (refused && accessToken?.reveal() === refused.reveal()) return false
      const mayRetry = accessToken !== undefined && refused === undefined && isSafe(method)
      const startedAt = performance.now()
      const call = tracing?.call(method, config.apiServerUrl + target)
      // A client that goes away is told to nobody. What is over by then stays as it was.
      if (call) res.on('close', () => call.end(undefined))
      res.locals.exchange = {
        route,
        answered: (status) => {
          call?.end(status)
          if (status === 403) meters?.denied('forbidden')
        },
        fail: (error) => {
          call?.end(error)
          next(asHttpError(error, startedAt, route.body !== undefined && !req.complete))
        },
        isOver: () =>
          sessions.peek(ticket).then(
            (found) => !found,
            () => false,
          ),
        retry: mayRetry ? () => send(accessToken) : undefined,
      }
      const { traceparent } = call ?? trace
      const hasBody = route.body !== undefined
      req.headers = upstreamHeaders(headers, { requestId, traceparent, accessToken, hasBody })
      void (route.answers.includes(events) ? forwardEvents : forward)(req, res)
      return true
    }
    await send()
  }
}

const isSafe = (method: string) => method === 'GET' || method === 'HEAD'
