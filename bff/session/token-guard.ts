import { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type express from 'express'
import type { RequestHandler, Response } from 'express'
import { HttpError } from '../http-error.ts'
import type { Meters } from '../metrics.ts'
import { GuardedAnswer } from './guarded-answer.ts'
import { withTokensInHand } from './tokens-in-hand.ts'

declare global {
  namespace Express {
    interface Locals {
      /** What goes out is judged by it, once the request has got as far as the guard. */
      answer?: GuardedAnswer
    }
  }
}

/**
 * Up to so many bytes a body goes out as text, a character for each byte (latin1): Node makes that and the head into one,
 * and sends it without asking for memory.
 */
const asText = 8192

type Send<Result> = (this: Response, ...args: unknown[]) => Result
const { writeHead, write, end } = ServerResponse.prototype as unknown as {
  writeHead: Send<Response>
  write: Send<boolean>
  end: Send<Response>
}

/**
 * Sends no answer, headers and streams included, that has a token of the visitor in it: whatever made it, a mistake of
 * ours, of a library or of the API, it becomes an error, or is cut when it has begun. How it is found is in
 * token-search.ts; which tokens are looked for in tokens-in-hand.ts: those that this request has got hold of.
 * It is the responses themselves that are guarded, so that no way of writing to one goes round; all of them at once, in
 * their prototype: methods of its own on each response cost 80 us of CPU time per request, a quarter of a page.
 */
export function guardTokens(app: express.Express, meters: Meters | undefined): RequestHandler {
  let stopped = 0
  const response = app.response as unknown as {
    writeHead: Send<Response>
    write: Send<boolean>
    end: Send<Response>
  }
  response.writeHead = function (...args) {
    const { answer } = this.locals
    return !answer || answer.mayBegin(args) ? writeHead.apply(this, args) : this
  }
  response.write = function (...args) {
    const { answer } = this.locals
    if (!answer?.isJudged && !answer?.isRelayed) return write.apply(this, args)
    const { bytes, done } = parts(args)
    const out = answer.isJudged ? answer.pass(bytes, false) : bytes
    if (out?.length) return write.call(this, out, 'utf8', answer.isRelayed ? givingBack(out) : done)
    if (done) queueMicrotask(done)
    return true
  }
  response.end = function (...args) {
    const { answer } = this.locals
    if (!answer?.isJudged) return end.apply(this, args)
    const { bytes, done } = parts(args)
    const out = answer.pass(bytes, true)
    if (!out) return this
    if (out.length > asText) return end.call(this, out, done)
    return end.call(this, out.length > 0 ? out.toString('latin1') : undefined, 'latin1', done)
  }
  return (_req, res, next) => {
    let source: Readable | undefined
    res.on('pipe', (readable: Readable) => {
      source = readable
      answer.isRelayed = readable instanceof IncomingMessage
    })
    const answer = new GuardedAnswer(res, () => {
      stopped += 1
      meters?.guardStopped()
      source?.unpipe(res)
      // Not now: who is writing goes on until it returns, which leads nowhere.
      process.nextTick(() => {
        answer.startOver()
        next(
          new HttpError(502, `An answer with a token in it was stopped, number ${stopped} since the start`),
        )
      })
    })
    res.locals.answer = answer
    withTokensInHand(answer.tokens, next)
  }
}

/**
 * Called when a piece is sent, gives its memory back (decision 27), if it has it to itself. For pieces of a message that
 * goes through: Node's parser has copied them for us, nobody else has them, and pipe wants no word of it. Do not call it
 * earlier: until then the system reads from there.
 */
const givingBack = (piece: Buffer) => (error?: Error | null) => {
  if (!error && piece.length === piece.buffer.byteLength) (piece.buffer as ArrayBuffer).transfer(0)
}

/** The arguments of write and end: a chunk, its encoding, a callback, each of which may be missing. */
function parts(args: readonly unknown[]): { bytes: Buffer; done: (() => void) | undefined } {
  const done = args.find((each) => typeof each === 'function') as (() => void) | undefined
  const [chunk, encoding] = args.filter((each) => typeof each !== 'function')
  if (typeof chunk === 'string') return { bytes: Buffer.from(chunk, encoding as BufferEncoding), done }
  return { bytes: Buffer.isBuffer(chunk) ? chunk : Buffer.from((chunk as Uint8Array) ?? []), done }
}
