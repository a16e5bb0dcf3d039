import express, { type RequestHandler, Router } from 'express'

/** The endpoints that Auth0 lets a client call with a JSON body as well as with a form. */
const endpoints = ['/oauth/token', '/oauth/par', '/oauth/revoke']

/**
 * oidc-provider takes forms only (RFC 6749 section 4.1.3). It uses a body that was parsed before, if the
 * request says that it is a form.
 */
export function parseBodies(): Router {
  const sayForm: RequestHandler = (req, _res, next) => {
    if (req.is('application/json')) req.headers['content-type'] = 'application/x-www-form-urlencoded'
    next()
  }
  const router = Router()
  router.post(endpoints, express.urlencoded({ extended: false }), express.json(), sayForm)
  return router
}
