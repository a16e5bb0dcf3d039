import type { Readable } from 'node:stream'
import type { RequestHandler, Response } from 'express'
import { HttpError } from '../http-error.ts'
import { hasToken, openEnd } from './token-search.ts'
import { type TokensInHand, withTokensInHand } from './tokens-in-hand.ts'

declare global {
  namespace Express {
    interface Locals {
      /** For whoever answers in the place of an answer that has failed: forgets what is held back of that. */
      dropHeld?: () => void
    }
  }
}

/** What an answer may have before its first byte goes out: up to here a token in it makes it an error, later on a cut. */
const heldBack = 65_536

/**
 * Sends no answer, headers and streams included, that has a token of the visitor in it: whatever made it, a mistake of
 * ours, of a library or of the API, it becomes an error, or is cut when it has begun. How it is found is in
 * token-search.ts; which tokens are looked for in tokens-in-hand.ts: those that this request has got hold of. It is
 * the response itself that is guarded, so that no way of writing to it goes round.
 */
export function guardTokens(): RequestHandler {
  let stopped = 0
  return (_req, res, next) => {
    const tokens: TokensInHand = { text: '' }
    const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response
    const write = res.write.bind(res) as (...args: unknown[]) => boolean
    const end = res.end.bind(res) as (...args: unknown[]) => Response
    /** Of an answer that has not begun; undefined: it has. */
    let held: Buffer[] | undefined = []
    /** How much is held; and of an answer that has begun, what may be the beginning of a token. */
    let size = 0
    let tail: Buffer = Buffer.alloc(0)
    let isOpen = true
    let isErrorPage = false

    const hasOne = (bytes: Buffer) => tokens.text !== '' && hasToken(bytes, tokens.text)
    const headersHaveOne = (more: readonly unknown[] = []) =>
      tokens.text !== '' &&
      hasOne(Buffer.from(JSON.stringify([res.statusMessage, Object.values(res.getHeaders()), more])))
    let headersAreClean = false

    res.locals.dropHeld = () => {
      held &&= []
      size = 0
    }
    let source: Readable | undefined
    res.on('pipe', (readable: Readable) => {
      source = readable
    })

    /** Nothing more of the answer gets out. The error page in its place is judged as well; if it has one, there is none. */
    function stop(): void {
      stopped += 1
      if (isErrorPage) return void res.destroy()
      isOpen = false
      isErrorPage = true
      source?.unpipe(res)
      // Not now: who is writing goes on until it returns, which leads nowhere.
      process.nextTick(() => {
        isOpen = true
        if (!res.headersSent) {
          res.statusMessage = ''
          for (const [name, value] of Object.entries(res.getHeaders())) {
            if (hasOne(Buffer.from(JSON.stringify(value)))) res.removeHeader(name)
          }
        }
        next(
          new HttpError(502, `An answer with a token in it was stopped, number ${stopped} since the start`),
        )
      })
    }

    /** What of these bytes goes out now; undefined: nothing any more. */
    function pass(bytes: Buffer, isLast: boolean): Buffer | undefined {
      size += bytes.length
      held?.push(bytes)
      if (held && !isLast && !res.headersSent && size <= heldBack) return Buffer.alloc(0)
      const seen = joined(held ?? [tail, bytes])
      if ((!res.headersSent && headersHaveOne()) || hasOne(seen)) {
        stop()
        return undefined
      }
      headersAreClean = true
      const out = held ? seen : bytes
      held = undefined
      tail = openEnd(seen)
      return out
    }

    res.writeHead = (...args: unknown[]) => {
      if (!isOpen) return res
      if (headersAreClean || !headersHaveOne(args)) return writeHead(...args)
      stop()
      return res
    }
    res.write = (...args: unknown[]) => {
      if (!isOpen) return true
      if (tokens.text === '') return write(...args)
      const { bytes, done } = parts(args)
      const out = pass(bytes, false)
      if (out?.length) return write(out, 'utf8', done)
      if (done) queueMicrotask(done)
      return true
    }
    res.end = (...args: unknown[]) => {
      if (!isOpen) return res
      if (tokens.text === '') return end(...args)
      const { bytes, done } = parts(args)
      const out = pass(bytes, true)
      return out ? end(out.length > 0 ? out : undefined, 'utf8', done) : res
    }
    withTokensInHand(tokens, next)
  }
}

/** The arguments of write and end: a chunk, its encoding, a callback, each of which may be missing. */
function parts(args: readonly unknown[]): { bytes: Buffer; done: (() => void) | undefined } {
  const done = args.find((each) => typeof each === 'function') as (() => void) | undefined
  const [chunk, encoding] = args.filter((each) => typeof each !== 'function')
  if (typeof chunk === 'string') return { bytes: Buffer.from(chunk, encoding as BufferEncoding), done }
  return { bytes: Buffer.isBuffer(chunk) ? chunk : Buffer.from((chunk as Uint8Array) ?? []), done }
}

const joined = ([first = Buffer.alloc(0), ...others]: readonly Buffer[]) =>
  others.length === 0 ? first : Buffer.concat([first, ...others])
