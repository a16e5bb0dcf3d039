import type { Request, RequestHandler } from 'express'

/**
 * What made the request, and so which form of answer it can use:
 * `navigation` and `form` show a whole page, `fragment` is htmx, `fetch` is any other program.
 */
export type RequestKind = 'navigation' | 'form' | 'fragment' | 'fetch'

declare global {
  namespace Express {
    interface Locals {
      kind: RequestKind
    }
  }
}

/** Everything below /api is for scripts. */
export const isApi = ({ path }: Request) => path === '/api' || path.startsWith('/api/')

/** Everything below /api answers JSON, whoever asks. */
export const setRequestKind: RequestHandler = (req, res, next) => {
  res.locals.kind = isApi(req) ? 'fetch' : kindOf(req)
  next()
}

/**
 * Sec-Fetch-Mode first: only the browser can set it. Then htmx's own header, then Accept, for clients that
 * send neither (field reports: gateways that go by Accept alone answer a fetch with a redirect to the
 * identity provider, which the browser then blocks).
 */
export function kindOf(req: Pick<Request, 'method' | 'headers'>): RequestKind {
  const mode = req.headers['sec-fetch-mode']
  const page = req.method === 'GET' || req.method === 'HEAD' ? 'navigation' : 'form'
  if (mode === 'navigate') return page
  if (req.headers['hx-request'] === 'true') return 'fragment'
  if (mode !== undefined) return 'fetch'
  return req.headers.accept?.includes('text/html') ? page : 'fetch'
}
