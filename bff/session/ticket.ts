import { randomBytes } from 'node:crypto'

/** 256 random bits, base64url: nothing about the visitor, nothing derived from a token. */
export function newTicket(): string {
  return randomBytes(32).toString('base64url')
}

export function isTicket(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{43}$/.test(value)
}
