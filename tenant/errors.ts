import type { ErrorRequestHandler } from 'express'
import type { Provider } from 'oidc-provider'
import type { Log } from '../shared/log.ts'
import { TenantError } from './tenant-error.ts'
import type { Views } from './views.ts'

interface Answer {
  readonly status: number
  readonly error: string
  readonly description: string
}

/** Where errors of the tenant's own routes end: a page for a browser, OAuth's JSON for a program. */
export function answerErrors(views: Views, log: Log): ErrorRequestHandler {
  return (thrown: unknown, req, res, next) => {
    const answer = toAnswer(thrown)
    if (answer.status >= 500) log.error({ err: thrown }, 'request failed')
    else log.info({ ...answer, path: req.path }, 'request refused')
    if (res.headersSent) return next(thrown)
    res.status(answer.status).set('Cache-Control', 'no-store')
    // JSON first: a client that accepts anything is a program.
    if (req.accepts(['json', 'html']) === 'html') res.send(views('error', answer))
    else res.json({ error: answer.error, error_description: answer.description })
  }
}

/** oidc-provider leaves an address that it does not know without a body. */
export function answerUnknownPaths(provider: Provider, views: Views): void {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.status !== 404 || ctx.body) return
    const answer = { error: 'not_found', description: 'There is nothing at this address.' }
    if (ctx.accepts('json', 'html') === 'html') {
      ctx.type = 'html'
      ctx.body = views('error', { status: 404, ...answer })
    } else {
      ctx.body = { error: answer.error, error_description: answer.description }
    }
    ctx.status = 404
  })
}

function toAnswer(thrown: unknown): Answer {
  if (thrown instanceof TenantError) {
    return { status: thrown.status, error: thrown.error, description: thrown.message }
  }
  // Express and its parsers throw errors that carry a status; anything else is a bug.
  const status = thrown instanceof Error && 'status' in thrown ? Number(thrown.status) : 500
  if (status >= 400 && status < 500) {
    return {
      status,
      error: 'invalid_request',
      description: 'The tenant could not make sense of this request.',
    }
  }
  const description = 'Something went wrong in the tenant. Its log says what.'
  return { status: 500, error: 'server_error', description }
}
