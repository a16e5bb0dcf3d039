import type { Found } from './seen.ts'

/** A needle that may be at a place, and why it has to be. Whatever else is found anywhere is a leak. */
export interface Exception {
  readonly kinds: readonly string[]
  readonly where: RegExp
  readonly reason: string
}

export const exceptions: readonly Exception[] = [
  {
    kinds: ['code'],
    where: /^response header location of \/(authorize|login|signup)\S*$/,
    reason: 'the provider sends the authorization code by redirect (RFC 6749 section 4.1.2)',
  },
  {
    kinds: ['code'],
    where: /^to the gateway: [A-Z]+ \/callback$/,
    reason: 'the browser brings the authorization code to the gateway',
  },
  {
    kinds: ['code'],
    where: /^(address|address bar|history|performance entries)( of \S*\/callback)?$/,
    reason: 'the address of the callback, until the page behind it takes its place',
  },
  {
    kinds: ['logout_token', 'id_token', 'access_token'],
    where: /^to the gateway: [A-Z]+ \/backchannel-logout\/?(: body)?$/i,
    reason: 'where the provider sends logout tokens, and tests what is none; no browser sends anything',
  },
]

export const exceptionFor = (found: Found, more: readonly Exception[] = []): Exception | undefined =>
  [...exceptions, ...more].find(({ kinds, where }) => kinds.includes(found.kind) && where.test(found.where))
