import { type Message, messageAt, type Side, seenIn } from './messages.ts'
import type { Seen } from './seen.ts'

/** Bytes as they came, each piece with its time (performance.now). */
export interface Piece {
  readonly at: number
  readonly bytes: Buffer
}

/** Above this the rest of what one side sends between two looks is counted, and not kept. */
const most = 64_000_000
const directions = { request: 'to the gateway', response: 'to the browser' } as const

/** Is told of each answer when it is whole, in order. Without a request: that could not be read. */
export type OnAnswer = (request: Message | undefined, answer: Message) => void

/** What goes through one connection. */
export class Connection {
  /** What has not been searched as whole messages yet. */
  readonly pieces: Readonly<Record<Side, Piece[]>> = { request: [], response: [] }
  /** The requests that have no answer yet, with method and path; the last may be still under way. */
  readonly #waiting: { readonly name: string; readonly request: Message }[] = []
  #isLastWhole = true
  #kept = { request: 0, response: 0 }
  readonly bytes = { request: 0, response: 0 }
  notKept = 0
  requests = 0
  isClosed = false
  readonly #onAnswer: OnAnswer | undefined

  constructor(onAnswer?: OnAnswer) {
    this.#onAnswer = onAnswer
  }

  add(side: Side, bytes: Buffer): void {
    this.bytes[side] += bytes.length
    if (this.#kept[side] + bytes.length > most) {
      this.notKept += bytes.length
      return
    }
    this.#kept[side] += bytes.length
    this.pieces[side].push({ at: performance.now(), bytes })
  }

  /** What is new; of messages under way, all of them until now, and again when they are whole. */
  take(): Seen[] {
    return [...this.#takeSide('request'), ...this.#takeSide('response')]
  }

  #takeSide(side: Side): Seen[] {
    const pieces = this.pieces[side]
    if (pieces.length === 0) return []
    const bytes = Buffer.concat(pieces.map((piece) => piece.bytes))
    const seen: Seen[] = []
    let start = 0
    while (start < bytes.length) {
      const message = messageAt(bytes, start, side, side === 'response' ? this.#method : undefined)
      if (!message) {
        // No message (yet): searched as it is. Behind it nothing can be told apart any more.
        seen.push({ where: `${directions[side]}: bytes`, text: bytes.toString('latin1', start) })
        if (message === null) {
          const startLine = bytes.toString('latin1', start, start + 20)
          const none = { startLine, headers: [], body: bytes.subarray(start), rest: '', end: undefined }
          if (side === 'response') this.#onAnswer?.(this.#waiting.shift()?.request, none)
          start = bytes.length
        }
        break
      }
      seen.push(...seenIn(message, directions[side], this.#nameOf(side, message)))
      if (message.end === undefined) break
      start = message.end
    }
    if (this.isClosed) start = bytes.length
    this.#kept[side] = bytes.length - start
    pieces.splice(
      0,
      pieces.length,
      ...(start < bytes.length ? [{ at: performance.now(), bytes: bytes.subarray(start) }] : []),
    )
    return seen
  }

  get #method(): string | undefined {
    return this.#waiting[0]?.name.split(' ')[0]
  }

  /** A request is known by its method and path; an answer by those of its request. */
  #nameOf(side: Side, message: Message): string {
    const { startLine, end } = message
    if (side === 'request') {
      const [method = '', target = ''] = startLine.split(' ')
      const name = `${method} ${target.replace(/[?#].*/s, '').slice(0, 100)}`
      if (this.#isLastWhole) {
        this.#waiting.push({ name, request: message })
        this.requests += 1
      }
      this.#isLastWhole = end !== undefined
      return name
    }
    const isInterim = startLine.startsWith('1', 9)
    // What has no length goes on to the end of the connection.
    const hasLength = message.headers.some(([each]) => /^(content-length|transfer-encoding)$/.test(each))
    const isUnderWay = end === undefined && (hasLength || !this.isClosed)
    if (isUnderWay || isInterim) return this.#waiting[0]?.name ?? 'no request'
    const answered = this.#waiting.shift()
    this.#onAnswer?.(answered?.request, message)
    return answered?.name ?? 'no request'
  }
}
