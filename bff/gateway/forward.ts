import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Request, Response } from 'express'
import { createProxyMiddleware, type Plugin } from 'http-proxy-middleware'
import { createApiAgent } from '../api-agent.ts'
import { HttpError } from '../http-error.ts'
import { type Exchange, sendAnswer } from './answer.ts'
import type { Route } from './routes.ts'

declare global {
  namespace Express {
    interface Locals {
      /** How the proxy, which reports to one listener for all requests, finds what this one is about. */
      exchange?: Exchange & { readonly retry: (() => Promise<boolean>) | undefined }
    }
  }
}

/** Longest silence of the API, before its answer and in the middle of it, and of a client in the middle of a body. */
const silenceMilliseconds = 10_000

/** Sends a request, rewritten for the API, and what comes back; `res.locals.exchange` says how. */
export function createForward(apiServerUrl: string, maxSockets: number) {
  return createProxyMiddleware<Request, Response>({
    // Not as text, which would be parsed with every request.
    target: new URL(apiServerUrl),
    changeOrigin: true,
    agent: createApiAgent(apiServerUrl, maxSockets),
    proxyTimeout: silenceMilliseconds,
    selfHandleResponse: true,
    // Its own write texts for a log that nobody has, and answer errors by themselves, naming the API's host.
    ejectPlugins: true,
    plugins: [listen],
  })
}

function listen(proxy: Parameters<Plugin<Request, Response>>[0]): void {
  proxy.on('proxyReq', (upstream, req, res) => {
    limitBody(upstream, req, res.locals.exchange?.route)
    // Nobody asked for it. Node would drop the connection without a word, and the browser would wait for ever.
    upstream.on('upgrade', (_answer, socket) => {
      socket.destroy()
      res.locals.exchange?.fail(new HttpError(502, 'The API switched protocols'))
    })
  })
  proxy.on('proxyRes', (answer, _req, res) => void takeAnswer(answer, res))
  proxy.on('error', (error, _req, res) => {
    if (res && 'locals' in res) res.locals.exchange?.fail(error)
  })
}

/** A token that the API refuses is exchanged once, and the request, which can do no harm twice, is made again. */
async function takeAnswer(answer: IncomingMessage, res: Response): Promise<void> {
  const { exchange } = res.locals
  if (!exchange) return
  exchange.answered(answer.statusCode ?? 0)
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

/** `isSending`: the client's body has not ended, so that it may be the one that is silent. */
export function asHttpError(error: Error, startedAt: number, isSending: boolean): HttpError {
  if (error instanceof HttpError) return error
  const timedOut = performance.now() - startedAt >= silenceMilliseconds
  if (timedOut && isSending)
    return new HttpError(408, 'The client did not go on with its body', { cause: error })
  return timedOut
    ? new HttpError(504, 'The API did not answer in time', { cause: error })
    : new HttpError(502, 'The API cannot be reached', { cause: error })
}
