import type { RequestHandler } from 'express'
import { HttpError } from '../http-error.ts'

/** For whatever reaches it: 405, and which method would do. */
export function refuseMethod(allow: string): RequestHandler {
  return () => {
    throw new HttpError(405, `Only ${allow} is allowed here`, { allow })
  }
}
