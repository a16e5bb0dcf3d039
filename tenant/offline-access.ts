import { type RequestHandler, Router } from 'express'

/**
 * oidc-provider drops offline_access from a request without prompt=consent (OpenID Connect Core section 11).
 * At Auth0 the application's owner has consented for good, so the prompt is added here.
 */
export function allowOfflineAccess(): Router {
  const authorize: RequestHandler = (req, _res, next) => {
    const url = new URL(req.originalUrl, 'http://tenant')
    const prompt = promptWithConsent(url.searchParams.get('scope'), url.searchParams.get('prompt'))
    if (prompt) {
      url.searchParams.set('prompt', prompt)
      req.url = url.pathname + url.search
    }
    next()
  }
  const pushed: RequestHandler = (req, _res, next) => {
    const prompt = promptWithConsent(req.body?.scope, req.body?.prompt)
    if (prompt) req.body.prompt = prompt
    next()
  }
  const router = Router()
  router.get('/authorize', authorize)
  router.post('/oauth/par', pushed)
  return router
}

/** The prompt to send instead; undefined where the request needs no change. */
export function promptWithConsent(scope: unknown, prompt: unknown): string | undefined {
  const scopes = typeof scope === 'string' ? scope.split(' ') : []
  const prompts = typeof prompt === 'string' ? prompt.split(' ').filter(Boolean) : []
  // "none" must stand alone: the client wants an answer without any page.
  const needed = scopes.includes('offline_access') && !prompts.some((word) => /^(none|consent)$/.test(word))
  return needed ? [...prompts, 'consent'].join(' ') : undefined
}
