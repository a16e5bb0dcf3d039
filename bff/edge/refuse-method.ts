import type { RequestHandler } from 'express'
import { HttpError } from '../http-error.ts'

/** For whatever reaches it: 405, and which method would do. */
export function refuseMethod(allowed: string): RequestHandler {
  return (_req, res, next) => {
    res.setHeader('Allow', allowed)
    next(new HttpError(405, `Only ${allowed} is allowed here`))
  }
}
