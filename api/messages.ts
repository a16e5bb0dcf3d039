import { type RequestHandler, Router } from 'express'
import { requirePermission } from './access-token.ts'
import { ApiError } from './api-error.ts'

const methods = 'GET, HEAD, OPTIONS'

/**
 * The three messages: for everybody, for whoever has an access token, for whoever may read admin messages. `identify`
 * finds out who calls.
 */
export function messages(identify: readonly RequestHandler[]): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const add = (name: string, text: string, ...checks: RequestHandler[]) => {
    const path = `/api/messages/${name}`
    // Before any check of credentials: what a method is answered does not depend on who asks.
    router.all(path, allowMethods)
    router.get(path, ...checks, (_req, res) => {
      res.json({ text })
    })
  }
  add('public', 'This is a public message.')
  add('protected', 'This is a protected message.', ...identify)
  add('admin', 'This is an admin message.', ...identify, requirePermission('read:admin-messages'))
  return router
}

const allowMethods: RequestHandler = (req, res, next) => {
  if (req.method === 'GET' || req.method === 'HEAD') return next()
  res.setHeader('Allow', methods)
  if (req.method === 'OPTIONS') res.status(204).end()
  else next(new ApiError(405, `${req.method} is not allowed`))
}
