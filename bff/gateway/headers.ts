import type { IncomingHttpHeaders } from 'node:http'
import type { Secret } from '../../shared/secret.ts'

/** No Accept-Encoding: what comes back is searched for tokens (session/token-guard.ts), which compression would hide. */
const sentUp = ['accept', 'accept-language', 'user-agent'] as const
const sentUpWithBody = ['content-type', 'content-length', 'transfer-encoding'] as const

const sentDown = ['content-language', 'content-length', 'content-type', 'date', 'retry-after'] as const

/**
 * The headers of a request as the API gets them: an allow-list, so that no cookie, no Authorization of the
 * client's own, no X-Forwarded-*, no hop-by-hop header (RFC 9110 section 7.6.1) and no `Expect` goes up.
 * They are rewritten before the proxy sees the request. Do not move this into a proxy event: `Expect:
 * 100-continue` makes the proxy skip it, and everything would pass.
 */
export function upstreamHeaders(
  headers: IncomingHttpHeaders,
  own: { requestId: string; traceparent: string; accessToken: Secret | undefined; hasBody: boolean },
): IncomingHttpHeaders {
  const kept: IncomingHttpHeaders = {}
  for (const name of own.hasBody ? [...sentUp, ...sentUpWithBody] : sentUp) {
    if (headers[name] !== undefined) kept[name] = headers[name]
  }
  kept['x-request-id'] = own.requestId
  // No tracestate: it holds what others have written about themselves.
  kept.traceparent = own.traceparent
  if (own.accessToken) kept.authorization = `Bearer ${own.accessToken.reveal()}`
  return kept
}

/**
 * What of the API's answer the browser gets. The API has no business telling it anything else: cookies (it could
 * overwrite the ticket), addresses, challenges, headers that steer htmx, or security headers in the place of ours.
 */
export const answerHeaders = (headers: IncomingHttpHeaders): [string, string][] =>
  sentDown.flatMap((name) => {
    const value = headers[name]
    return value === undefined ? [] : [[name, value]]
  })
