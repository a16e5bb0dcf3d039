import type { IncomingHttpHeaders } from 'node:http'

const sentUp = ['accept', 'accept-encoding', 'accept-language', 'user-agent'] as const

const sentDown = new Set([
  'content-encoding',
  'content-language',
  'content-length',
  'content-type',
  'date',
  'retry-after',
  'transfer-encoding',
])

/**
 * The headers of a request as the API gets them: an allow-list, so that no cookie, no Authorization of the
 * client's own, no X-Forwarded-*, no hop-by-hop header (RFC 9110 section 7.6.1) and no `Expect` goes up.
 * They are rewritten before the proxy sees the request. Do not move this into a proxy event: `Expect:
 * 100-continue` makes the proxy skip it, and everything would pass.
 */
export function upstreamHeaders(
  headers: IncomingHttpHeaders,
  own: { requestId: string; accessToken: string | undefined },
): IncomingHttpHeaders {
  const kept: IncomingHttpHeaders = {}
  for (const name of sentUp) if (headers[name] !== undefined) kept[name] = headers[name]
  kept['x-request-id'] = own.requestId
  if (own.accessToken !== undefined) kept.authorization = `Bearer ${own.accessToken}`
  return kept
}

/**
 * Drops what the API has no business telling the browser: cookies (it could overwrite the ticket), redirects
 * to inner addresses, challenges, headers that steer htmx, and security headers that would replace ours.
 */
export function keepAllowedHeaders(headers: IncomingHttpHeaders): void {
  for (const name of Object.keys(headers)) if (!sentDown.has(name)) delete headers[name]
}
