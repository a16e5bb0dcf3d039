import http from 'node:http'
import https from 'node:https'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'
import type { Config } from '../config.ts'
import { HttpError } from '../http-error.ts'
import type { Visitor } from '../session/session.ts'
import { keepAllowedHeaders, upstreamHeaders } from './headers.ts'
import { type Route, routes } from './routes.ts'

declare global {
  namespace Express {
    interface Locals {
      /** How the proxy, which reports errors to one listener for all requests, finds this one's way out. */
      proxyFailed?: (error: Error) => void
    }
  }
}

/** Longest silence of the API, before its answer and in the middle of it. */
const silenceMilliseconds = 10_000

/** The proxied routes. Behind them everything below /api is 404. */
export function proxyRoutes({ apiServerUrl }: Config, findVisitor: RequestHandler): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const forward = createForward(apiServerUrl)
  for (const route of routes) {
    const who = route.token === 'visitor' ? [findVisitor] : []
    router.get(route.path, ...who, prepare(route), forward)
    router.all(route.path, (_req, res, next) => {
      res.setHeader('Allow', 'GET, HEAD')
      next(new HttpError(405, 'The route table allows GET only'))
    })
  }
  router.use('/api', (_req, _res, next) => next(new HttpError(404, 'Not in the route table')))
  return router
}

function prepare({ token }: Route): RequestHandler {
  return async (req, res, next) => {
    // A body on GET has no meaning (RFC 9110 section 9.3.1), and without its framing headers it would be
    // read as the next request on the connection to the API.
    if (hasBody(req)) throw new HttpError(400, 'A GET request with a body')
    const accessToken = token === 'visitor' ? await accessTokenOf(res.locals.visitor) : undefined
    req.headers = upstreamHeaders(req.headers, { requestId: res.locals.requestId, accessToken })
    next()
  }
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

function accessTokenOf(visitor: Visitor | undefined): Promise<string> {
  if (!visitor) throw new HttpError(401, 'Nobody is logged in')
  return visitor.accessToken()
}

function createForward(apiServerUrl: string): RequestHandler {
  const { Agent } = apiServerUrl.startsWith('https:') ? https : http
  const proxy = createProxyMiddleware<Request, Response>({
    target: apiServerUrl,
    changeOrigin: true,
    // Idle connections are dropped before the API drops them (Node servers do after 5 s): the allow-list below
    // takes away the Keep-Alive header by which the agent would otherwise know, and a request sent into a
    // closing connection is a 502 for nothing.
    agent: new Agent({ keepAlive: true, maxSockets: 256, timeout: 4000 }),
    proxyTimeout: silenceMilliseconds,
    on: {
      proxyRes: (answer, _req, res) => {
        keepAllowedHeaders(answer.headers)
        // The client's own Connection header was dropped; the proxy would keep its connection open all the same.
        if (!res.shouldKeepAlive) answer.headers.connection = 'close'
      },
      // With a listener of ours the proxy answers nothing itself (its own answer would name the API's host).
      error: (error, _req, res) => {
        if ('locals' in res) res.locals.proxyFailed?.(error)
      },
    },
  })
  return (req, res, next) => {
    const startedAt = performance.now()
    res.locals.proxyFailed = (cause) => {
      const timedOut = performance.now() - startedAt >= silenceMilliseconds
      next(
        timedOut
          ? new HttpError(504, 'The API did not answer in time', { cause })
          : new HttpError(502, 'The API cannot be reached', { cause }),
      )
    }
    void proxy(req, res)
  }
}
