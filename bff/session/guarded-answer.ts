import type { ServerResponse } from 'node:http'
import { hasToken, PieceSearch } from './token-search.ts'
import type { TokensInHand } from './tokens-in-hand.ts'

/** What an answer may have before its first byte goes out: up to here a token in it makes it an error, later on a cut. */
const heldBack = 65_536
const nothing = Buffer.alloc(0)

/** What of one answer has gone out, what waits, and whether anything more may go. */
export class GuardedAnswer {
  /** What must not be in it. */
  readonly tokens: TokensInHand = { text: '', noted: new Set() }
  /** Whether what is written are the pieces of a message of somebody else's, which goes through. */
  isRelayed = false
  readonly #res: ServerResponse
  readonly #onToken: () => void
  /** Of an answer that has not begun; undefined: it has. */
  #held: Buffer[] | undefined = []
  #size = 0
  #search = new PieceSearch()
  #isOpen = true
  #isErrorPage = false
  #areHeadersClean = false

  /** `onToken` is called once, when there is a token: from then on nothing goes out, until it calls startOver. */
  constructor(res: ServerResponse, onToken: () => void) {
    this.#res = res
    this.#onToken = onToken
  }

  /** Whether there is anything to look for; if not, all may go out as it comes. */
  get isJudged(): boolean {
    return this.tokens.text !== ''
  }

  /** Whether the headers may go out: those that are set, and what else there is to the head. */
  mayBegin(more: readonly unknown[]): boolean {
    if (!this.#isOpen) return false
    if (this.#areHeadersClean || !this.#headersHaveOne(more)) return true
    this.#stop()
    return false
  }

  /** What of these bytes goes out now; undefined: nothing any more. */
  pass(bytes: Buffer, isLast: boolean): Buffer | undefined {
    if (!this.#isOpen) return undefined
    const { headersSent } = this.#res
    this.#size += bytes.length
    this.#held?.push(bytes)
    if (this.#held && !isLast && !headersSent && this.#size <= heldBack) return nothing
    const out = joined(this.#held ?? [bytes])
    if ((!headersSent && this.#headersHaveOne([])) || this.#search.finds(out, this.tokens.text)) {
      this.#stop()
      return undefined
    }
    this.#areHeadersClean = true
    this.#held = undefined
    return out
  }

  /** Forgets what is held back: another answer takes the place of one that has failed. */
  dropHeld(): void {
    if (this.#held) this.#held = []
    this.#size = 0
  }

  /** For the error page, which is judged as well. The headers that had a token are gone. */
  startOver(): void {
    this.#isOpen = true
    this.#isErrorPage = true
    this.isRelayed = false
    if (this.#res.headersSent) return
    // Nothing of what was searched has gone out: the error page does not go on from it.
    this.#search = new PieceSearch()
    this.#res.statusMessage = ''
    for (const [name, value] of Object.entries(this.#res.getHeaders())) {
      if (this.#hasOne(String(value))) this.#res.removeHeader(name)
    }
  }

  #stop(): void {
    this.#isOpen = false
    // If the error page has one as well, there is none.
    if (this.#isErrorPage) this.#res.destroy()
    else this.#onToken()
  }

  #hasOne(text: string): boolean {
    return this.isJudged && hasToken(Buffer.from(text, 'latin1'), this.tokens.text)
  }

  #headersHaveOne(more: readonly unknown[]): boolean {
    if (!this.isJudged) return false
    const values = this.#res.getHeaderNames().map((name) => this.#res.getHeader(name))
    const rest = more.length > 1 ? JSON.stringify(more) : ''
    return this.#hasOne([this.#res.statusMessage, rest, ...values].join(' '))
  }
}

const joined = ([first = nothing, ...others]: readonly Buffer[]) =>
  others.length === 0 ? first : Buffer.concat([first, ...others])
