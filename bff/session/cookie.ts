import type { CookieOptions } from 'express'
import type { Config } from '../config.ts'
import { isTicket } from './ticket.ts'

/**
 * The cookie that holds the ticket, sent with requests of our own pages only (edge/cross-site.ts). With https its
 * name makes the browser refuse it from a sub-domain, without Secure, or from a script; a browser that does not know
 * the second half of the prefix knows the first (RFC 10017 section 6.1). Without https the port is part of the name:
 * cookies ignore ports, so two copies of the program on one laptop would otherwise overwrite each other's.
 */
export function ticketCookie({ secure, port }: Pick<Config, 'secure' | 'port'>): {
  readonly name: string
  readonly attributes: CookieOptions
} {
  return {
    name: secure ? '__Host-Http-ticket' : `ticket-${port}`,
    attributes: { httpOnly: true, secure, sameSite: 'strict', path: '/' },
  }
}

/** All values that a Cookie header gives to a name, undecoded. */
export function cookieValues(header: string | undefined, name: string): string[] {
  const pairs = header?.split(';') ?? []
  return pairs
    .map((pair) => pair.trim())
    .flatMap((pair) => (pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []))
}

/**
 * The ticket of a request. Two cookies of the name mean that somebody else (a sibling host, an injected
 * path) set one of them; which is first is up to the browser, so neither counts.
 */
export function ticketIn(header: string | undefined, name: string): string | undefined {
  const [ticket, second] = cookieValues(header, name)
  return second === undefined && isTicket(ticket) ? ticket : undefined
}
