import type { Express, RequestHandler } from 'express'
import { allowMethods } from './methods.ts'
import { type ClaimPath, requirePermission } from './permissions.ts'

export const adminPermission = 'read:admin-messages'

/**
 * The three messages: for everybody, for whoever has an access token, for whoever may read admin messages. `identify`
 * finds out who calls. Routes of the app itself: to pass through a router costs as much as a route.
 */
export function addMessages(app: Express, identify: RequestHandler, permissionsClaim: ClaimPath): void {
  const add = (name: string, text: string, ...checks: RequestHandler[]) => {
    const path = `/api/messages/${name}`
    const body = JSON.stringify({ text })
    const length = Buffer.byteLength(body)
    const answer: RequestHandler = (_req, res) => {
      // What res.json would make of it, each time anew.
      res.setHeader('Content-Type', 'application/json; charset=utf-8').setHeader('Content-Length', length)
      res.end(body)
    }
    app
      .route(path)
      .get(...checks, answer)
      .all(allowMethods)
  }
  add('public', 'This is a public message.')
  add('protected', 'This is a protected message.', identify)
  add('admin', 'This is an admin message.', identify, requirePermission(permissionsClaim, adminPermission))
}
