import { type RequestHandler, Router } from 'express'
import { allowMethods } from './methods.ts'
import { type ClaimPath, requirePermission } from './permissions.ts'

export const adminPermission = 'read:admin-messages'

/**
 * The three messages: for everybody, for whoever has an access token, for whoever may read admin messages. `identify`
 * finds out who calls.
 */
export function messages(identify: RequestHandler, permissionsClaim: ClaimPath): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const add = (name: string, text: string, ...checks: RequestHandler[]) => {
    const path = `/api/messages/${name}`
    const body = JSON.stringify({ text })
    const length = Buffer.byteLength(body)
    router.all(path, allowMethods)
    router.get(path, ...checks, (_req, res) => {
      // What res.json would make of it, each time anew.
      res.setHeader('Content-Type', 'application/json; charset=utf-8').setHeader('Content-Length', length)
      res.end(body)
    })
  }
  add('public', 'This is a public message.')
  add('protected', 'This is a protected message.', identify)
  add('admin', 'This is an admin message.', identify, requirePermission(permissionsClaim, adminPermission))
  return router
}
