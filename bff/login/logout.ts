import type { RequestHandler } from 'express'
import type { Config } from '../config.ts'
import { cookieValues, ticketCookie } from '../session/cookie.ts'
import type { Provider } from '../session/provider.ts'
import type { Sessions } from '../session/sessions.ts'
import { isTicket } from '../session/ticket.ts'

interface Parts {
  readonly config: Config
  readonly sessions: Sessions
  readonly provider: Provider
}

/**
 * Local first: the session is gone before anything else is tried, so that logging out works while the
 * identity provider is down. A storage that fails is a 503 with the cookie kept: claiming "logged out"
 * would be a lie, and the visitor needs the cookie to try again.
 */
export function logout({ config, sessions, provider }: Parts): RequestHandler {
  const cookie = ticketCookie(config)
  return async (req, res) => {
    // All of them: of two cookies with that name, neither counts as a login, but both may open a session.
    const tickets = cookieValues(req.headers.cookie, cookie.name).filter(isTicket)
    await Promise.all(tickets.map((ticket) => sessions.end(ticket)))
    res.clearCookie(cookie.name, cookie.attributes)
    res.redirect(303, await providerLogout(config, provider))
  }
}

/**
 * Where the browser goes to end its session at the provider too. Never with an id_token_hint: that would put
 * the whole ID token into the browser's address bar and history.
 */
async function providerLogout(
  { provider: { kind, issuer, clientId }, baseUrl }: Config,
  provider: Provider,
): Promise<string> {
  if (kind !== 'openid') {
    const query = new URLSearchParams({ client_id: clientId, returnTo: baseUrl })
    return `${issuer}v2/logout?${query.toString()}`
  }
  const endpoint = await provider.endSessionEndpoint().catch(() => undefined)
  if (endpoint === undefined) return '/'
  const url = new URL(endpoint)
  url.searchParams.set('client_id', clientId)
  url.searchParams.set('post_logout_redirect_uri', baseUrl)
  return url.href
}
