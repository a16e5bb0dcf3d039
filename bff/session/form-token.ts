import { createHmac, hkdfSync, randomUUID, timingSafeEqual } from 'node:crypto'
import express, { type RequestHandler } from 'express'
import type { Secret } from '../../shared/secret.ts'
import type { Config } from '../config.ts'
import { HttpError } from '../http-error.ts'
import { cookieValues, ticketCookie } from './cookie.ts'
import { isTicket } from './ticket.ts'

declare global {
  namespace Express {
    interface Locals {
      /** What a form of this answer has to bring back, in the field `token`. */
      formToken: () => string
    }
  }
}

const nonceBytes = 16

/**
 * The second proof that a form is one of our own (the first is edge/cross-site.ts): a token that only pages shown to
 * the holder of this very ticket have. It needs no storage, and no login: it is made from the ticket and the secret,
 * and differs from page to page, because what repeats in compressed pages can be guessed by their length (BREACH).
 * A form without a ticket changes nothing for anybody. Forms that are larger or compressed come from no page of ours.
 */
export function formTokens(config: Config, secrets: readonly Secret[]): RequestHandler[] {
  const { name } = ticketCookie(config)
  const keys = secrets.map((secret) => formKey(secret.reveal()))
  const [newest] = keys
  if (!newest) throw new Error('At least one secret is needed')
  return [
    express.urlencoded({ extended: false, limit: '4kb', parameterLimit: 5, inflate: false }),
    (req, res, next) => {
      const tickets = cookieValues(req.headers.cookie, name).filter(isTicket)
      let made: string | undefined
      res.locals.formToken = () => {
        made ??= createFormToken(newest, tickets[0] ?? '')
        return made
      }
      const token: unknown = req.body?.token
      const isOurs = (ticket: string) => keys.some((key) => isTokenOf(key, ticket, token))
      if (isSafe(req.method) || tickets.length === 0 || tickets.some(isOurs)) return next()
      next(
        new HttpError(403, 'A form without the token of its page', {
          problem: outdated,
          denial: 'form token',
        }),
      )
    },
  ]
}

const outdated = {
  title: 'Please try again',
  text: 'The form was made for an earlier login in this browser, so nothing was changed. Open its page again and repeat it there.',
}

const isSafe = (method: string) => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'

/** The key that forms are signed with, made from a secret of the ring. */
export const formKey = (secret: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', 'cloakroom form', 32))

export const createFormToken = (key: Buffer, ticket: string): string =>
  // A UUID comes from a store of random numbers; asking the system for 16 bytes each time costs five times as much.
  tokenOf(key, ticket, Buffer.from(randomUUID().replaceAll('-', ''), 'hex'))

function tokenOf(key: Buffer, ticket: string, nonce: Buffer): string {
  const proof = createHmac('sha256', key).update(nonce).update(ticket).digest()
  return Buffer.concat([nonce, proof]).toString('base64url')
}

function isTokenOf(key: Buffer, ticket: string, token: unknown): boolean {
  if (typeof token !== 'string') return false
  const nonce = Buffer.from(token, 'base64url').subarray(0, nonceBytes)
  const [given, expected] = [token, tokenOf(key, ticket, nonce)].map((text) => Buffer.from(text))
  return given?.length === expected?.length && timingSafeEqual(given as Buffer, expected as Buffer)
}
