import type { Request, Response } from 'express'

declare global {
  namespace Express {
    interface Locals {
      /** The pattern of a route that Express does not know: of a proxied one, as it is in its table, or of a file. */
      route?: string
    }
  }
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** One of a few: what a client makes up must not become a name in anybody's statistics. */
export const methodOf = ({ method }: Pick<Request, 'method'>): string =>
  methods.includes(method) ? method : '_OTHER'

/** The pattern of the route that a request took, never its path, which may say who it is about; `other`: none. */
export function routeOf(req: Request, res: Response): string {
  const path: unknown = res.locals.route ?? req.route?.path
  if (Array.isArray(path)) return path.includes(req.path) ? req.path : 'other'
  return typeof path === 'string' ? path : 'other'
}
