import type { RequestHandler } from 'express'
import type { Config } from '../config.ts'
import { ticketCookie, ticketIn } from './cookie.ts'
import type { Visitor } from './session.ts'
import type { Sessions } from './sessions.ts'

declare global {
  namespace Express {
    interface Locals {
      /** Who makes the request; undefined: nobody is logged in. */
      visitor?: Visitor | undefined
    }
  }
}

/** Ticket in, visitor out, for the routes behind it. A storage that fails is a 503, never "nobody". */
export function findVisitor(find: Sessions['find'], config: Config): RequestHandler {
  const { name } = ticketCookie(config)
  return async (req, res, next) => {
    res.locals.visitor = await find(ticketIn(req.headers.cookie, name))
    next()
  }
}
