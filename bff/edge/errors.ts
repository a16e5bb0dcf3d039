import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler, Request, Response } from 'express'
import type { Log } from '../../shared/log.ts'
import { HttpError, type Problem } from '../http-error.ts'
import type { Meters } from '../metrics.ts'
import { isPrefetch } from './prefetch.ts'
import { localPath } from './return-to.ts'

interface Parts {
  readonly baseUrl: string
  readonly log: Log
  readonly meters: Meters | undefined
}

/**
 * Where every error ends: decides by the kind of request what an anonymous, forbidden or unlucky request
 * gets, and writes the one log line about it.
 */
export function answerErrors({ baseUrl, log, meters }: Parts): ErrorRequestHandler {
  return (thrown: unknown, req, res, next) => {
    const error = asHttpError(thrown)
    const { requestId, kind } = res.locals
    if (error.status >= 500) log.error({ requestId, err: error }, 'request failed')
    else log.info({ requestId, status: error.status, reason: error.message }, 'request refused')
    if (error.denial !== undefined) meters?.denied(error.denial)
    if (res.headersSent) return next(thrown)

    res.locals.answer?.dropHeld()
    for (const name of [
      'Location',
      'ETag',
      'Content-Language',
      'Content-Length',
      'Content-Type',
      'Retry-After',
    ])
      res.removeHeader(name)
    if (error.allow !== undefined) res.setHeader('Allow', error.allow)
    // What is left of its body would be read to the end first.
    if (hasUnreadBody(req)) res.setHeader('Connection', 'close')
    if (error.retryAfter !== undefined) res.setHeader('Retry-After', error.retryAfter)
    // Who follows the link gets there; a guess of the browser must not (prefetch.ts).
    if (error.status === 401 && kind !== 'fetch' && !isPrefetch(req)) return askToLogIn(req, res, baseUrl)
    if (kind === 'navigation' && error.shownAt !== undefined) return res.redirect(303, error.shownAt)
    res.status(error.status)
    if (kind === 'fetch') res.json({ message: messageOf(error.status) })
    else showProblem(res, error.status, error.problem ?? problemOf(error.status), next)
  }
}

const hasUnreadBody = ({ complete, headers }: Request) =>
  !complete && (headers['transfer-encoding'] ?? headers['content-length'] ?? '0') !== '0'

/**
 * A whole page goes to login and comes back to the address it was for (a form: to the page it stands on). A fragment cannot: its redirect
 * would be followed by fetch and end at the identity provider, which the browser blocks; htmx leaves the
 * page when it is told to by header.
 */
function askToLogIn(req: Request, res: Response, baseUrl: string): void {
  const fragment = res.locals.kind === 'fragment'
  const page = fragment ? pathOf(req.headers['hx-current-url'], baseUrl) : res.locals.address
  const login = `/login?returnTo=${encodeURIComponent(localPath(page, baseUrl))}`
  if (fragment) res.status(401).setHeader('HX-Redirect', login).end()
  else res.redirect(303, login)
}

function pathOf(address: string | string[] | undefined, baseUrl: string): string | undefined {
  const url = typeof address === 'string' ? URL.parse(address) : null
  return url?.origin === baseUrl ? url.pathname + url.search : undefined
}

function showProblem(res: Response, status: number, problem: Problem, next: (error: unknown) => void): void {
  const { requestId } = res.locals
  res.render('error', { problem: { status, ...problem }, requestId }, (error: Error | null, html: string) => {
    if (error) next(error)
    else res.send(html)
  })
}

/** Express and its parts throw errors that carry a 4xx status; anything else is a bug of ours. */
function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
  const message = error instanceof Error ? error.message : String(error)
  return new HttpError(status >= 400 && status < 500 ? status : 500, message, { cause: error })
}

/** The API's own words where it has some, so that a program meets one vocabulary on both sides. */
function messageOf(status: number): string {
  if (status === 401) return 'Requires authentication'
  if (status === 403) return 'Permission denied'
  return STATUS_CODES[status] ?? 'Error'
}

const tryAgain = 'Nothing is lost: try again in a moment.'

const problems: Readonly<Record<number, Problem>> = {
  400: { title: 'Bad Request', text: 'The gateway could not make sense of this address or form.' },
  401: { title: 'Please log in', text: 'This page is for visitors who are logged in.' },
  403: { title: 'Forbidden', text: 'This request did not come from a page of this site, so it was refused.' },
  404: { title: 'Not Found', text: 'There is no page at this address.' },
  405: { title: 'Method Not Allowed', text: 'This address does not take that kind of request.' },
  429: {
    title: 'Too Many Requests',
    text: 'There were too many logins from your network in a short time. Nothing is lost: try again in a minute.',
  },
  502: { title: 'Bad Gateway', text: `The service behind this page gave no usable answer. ${tryAgain}` },
  503: { title: 'Service Unavailable', text: `A part this page depends on is out of reach. ${tryAgain}` },
  504: { title: 'Gateway Timeout', text: `The service behind this page took too long. ${tryAgain}` },
}

function problemOf(status: number): Problem {
  const text =
    status < 500
      ? 'The gateway can do nothing with a request like this.'
      : 'Something went wrong on our side. It has been written down; please try again.'
  return problems[status] ?? { title: STATUS_CODES[status] ?? 'Error', text }
}
