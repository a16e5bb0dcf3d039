import { Transform } from 'node:stream'
import { HttpError } from '../http-error.ts'

/** What an answer may have before its first byte goes down: short ones are known to be clean, or are a 502. */
const heldBack = 65_536

/**
 * Lets an answer through up to the first byte of a token, and no further: an API that echoes what it was sent (an
 * error page, a debugging route) would hand it to the browser. Throws HttpError 502 into the stream. With `hold` the
 * beginning waits until the answer has ended or is long; without, every part goes down at once (server-sent events).
 */
export function stopToken(token: string, hold: boolean): Transform {
  const needle = Buffer.from(token)
  let kept: Buffer = Buffer.alloc(0)
  let holding = hold
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const seen = kept.length > 0 ? Buffer.concat([kept, chunk]) : chunk
      if (seen.includes(needle)) return done(new HttpError(502, 'The API sent the access token back'))
      if (holding && seen.length <= heldBack) {
        kept = seen
        return done()
      }
      holding = false
      // What may be the beginning of the token waits for what follows.
      const clean = seen.length - lengthOfBeginning(needle, seen)
      kept = seen.subarray(clean)
      done(null, seen.subarray(0, clean))
    },
    flush(done) {
      done(null, kept)
    },
  })
}

/** How many bytes at the end are the beginning of the needle. */
function lengthOfBeginning(needle: Buffer, seen: Buffer): number {
  for (let length = Math.min(needle.length - 1, seen.length); length > 0; length -= 1) {
    if (seen[seen.length - length] !== needle[0]) continue
    if (seen.subarray(-length).equals(needle.subarray(0, length))) return length
  }
  return 0
}
