import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { type Request, type Response, Router } from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'
import type { Secret } from '../../shared/secret.ts'
import type { Config } from '../config.ts'
import { isApi } from '../edge/request-kind.ts'
import { HttpError } from '../http-error.ts'
import { ticketCookie, ticketIn } from '../session/cookie.ts'
import type { Sessions } from '../session/sessions.ts'
import { type Exchange, sendAnswer } from './answer.ts'
import { upstreamHeaders } from './headers.ts'
import { createMatch } from './match.ts'
import type { Route } from './routes.ts'

declare global {
  namespace Express {
    interface Locals {
      /** How the proxy, which reports to one listener for all requests, finds what this one is about. */
      exchange?: Exchange & { readonly retry: (() => Promise<boolean>) | undefined }
    }
  }
}

/** Longest silence of the API and of the client: connecting, before the answer, and in the middle of a body. */
const silenceMilliseconds = 10_000

/** The proxied routes. Everything else below /api is 404. */
export function proxyRoutes(config: Config, sessions: Sessions, routes: readonly Route[]): Router {
  const router = Router()
  const match = createMatch(routes)
  const { name } = ticketCookie(config)
  const forward = createForward(config.apiServerUrl)

  router.use(async (req, res, next) => {
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
        accessToken,
        fail: (error) => next(asHttpError(error, startedAt)),
        isOver: () =>
          sessions.peek(ticket).then(
            (found) => !found,
            () => false,
          ),
        retry: mayRetry ? () => send(accessToken) : undefined,
      }
      req.headers = upstreamHeaders(headers, { requestId, accessToken, hasBody: route.body !== undefined })
      void forward(req, res)
      return true
    }
    await send()
  })
  return router
}

const isSafe = (method: string) => method === 'GET' || method === 'HEAD'

function createForward(apiServerUrl: string) {
  const { Agent } = apiServerUrl.startsWith('https:') ? https : http
  return createProxyMiddleware<Request, Response>({
    target: apiServerUrl,
    changeOrigin: true,
    // Idle connections are dropped before the API drops them (Node servers do after 5 s): a request sent into a closing
    // connection is a 502 for nothing.
    agent: new Agent({ keepAlive: true, maxSockets: 256, timeout: 4000 }),
    proxyTimeout: silenceMilliseconds,
    selfHandleResponse: true,
    on: {
      proxyReq: (upstream, req, res) => limitBody(upstream, req, res.locals.exchange?.route),
      proxyRes: (answer, _req, res) => void takeAnswer(answer, res),
      // With a listener of ours the proxy answers nothing itself (its own answer would name the API's host).
      error: (error, _req, res) => {
        if ('locals' in res) res.locals.exchange?.fail(error)
      },
    },
  })
}

/** A token that the API refuses is exchanged once, and the request, which can do no harm twice, is made again. */
async function takeAnswer(answer: IncomingMessage, res: Response): Promise<void> {
  const { exchange } = res.locals
  if (!exchange) return
  try {
    if (answer.statusCode === 401 && (await exchange.retry?.())) answer.resume()
    else sendAnswer(answer, res, exchange)
  } catch (error) {
    answer.resume()
    exchange.fail(error as Error)
  }
}

/** What says its length has been judged by it; this is for what comes in chunks. */
function limitBody(upstream: ClientRequest, req: Request, route: Route | undefined): void {
  const limit = route?.body?.limit
  if (limit === undefined) return
  let size = 0
  req.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > limit) upstream.destroy(new HttpError(413, 'A body over the limit of the route'))
  })
}

function asHttpError(error: Error, startedAt: number): HttpError {
  if (error instanceof HttpError) return error
  const timedOut = performance.now() - startedAt >= silenceMilliseconds
  return timedOut
    ? new HttpError(504, 'The API did not answer in time', { cause: error })
    : new HttpError(502, 'The API cannot be reached', { cause: error })
}
