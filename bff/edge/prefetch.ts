import type { Request, RequestHandler } from 'express'
import { HttpError } from '../http-error.ts'

/** Asked for on a guess, before anybody has followed a link. `Purpose` is what older browsers say. */
export const isPrefetch = ({ headers }: Pick<Request, 'headers'>): boolean =>
  [headers['sec-purpose'], headers.purpose].some((purpose) => /prefetch/i.test(String(purpose)))

/**
 * For what nobody may begin without meaning it. A login that a browser begins on a guess would take the place of one
 * that is under way (login/oidc.ts), and might be over, at a provider that asks nothing, before its link is followed.
 * A browser throws away what is no success, and asks again when the link is followed.
 */
export const refusePrefetch: RequestHandler = (req, _res, next) =>
  next(isPrefetch(req) ? new HttpError(403, 'A login on a guess', { problem: unmeant }) : undefined)

const unmeant = {
  title: 'Not yet',
  text: 'The browser asked for this ahead of time, so no login was begun. Open the page again.',
}
