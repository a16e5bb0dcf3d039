import type { RequestHandler } from 'express'
import { ApiError } from './api-error.ts'

/** Before any check of credentials: what a method is answered does not depend on who asks. */
export const allowMethods: RequestHandler = (req, res, next) => {
  if (req.method === 'GET' || req.method === 'HEAD') return next()
  res.setHeader('Allow', 'GET, HEAD, OPTIONS')
  if (req.method === 'OPTIONS') res.status(204).end()
  else next(new ApiError(405, `${req.method} is not allowed`))
}
