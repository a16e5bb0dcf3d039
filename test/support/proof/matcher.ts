import { decodingsOf } from './decoders.ts'
import { PieceIndex } from './piece-index.ts'
import { type Piece, piecesOf } from './pieces.ts'
import type { Found, Needle, Seen } from './seen.ts'

/** Encodings within encodings are followed so far. */
const depth = 3
/** What any token looks like that is signed (RFC 7515) or encrypted (RFC 7516), known to us or not. */
const shapes = {
  JWT: /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/,
  JWE: /eyJ[\w-]{8,}\.[\w-]*\.[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/,
} as const

type Hit = Pick<Found, 'kind' | 'how'>

/** Looks for needles, which it may be given little by little. */
export class Matcher {
  readonly #index = new PieceIndex()
  readonly #known = new Set<string>()
  /** How many different needles of each kind it was given. */
  readonly counts = new Map<string, number>()

  add(needles: readonly Needle[]): void {
    for (const needle of needles) {
      if (this.#known.has(needle.value)) continue
      this.#known.add(needle.value)
      this.counts.set(needle.kind, (this.counts.get(needle.kind) ?? 0) + 1)
      for (const piece of piecesOf(needle)) this.#index.add(piece)
    }
  }

  /** Where needles were seen, and in what goes to the browser anything that has the shape of a token. */
  search(haystack: readonly Seen[]): Found[] {
    const hits = new Map<string, readonly Hit[]>()
    // Header lines and the like: nearly all are clean, most are equal, and so they are searched as one.
    this.#searchAsOne([...new Set(haystack.map(({ text }) => text).filter(isShort))], hits)
    return haystack.flatMap(({ where, text }) => {
      const found = hits.get(text) ?? (isShort(text) ? [] : this.#hitsIn(text))
      if (!isShort(text)) hits.set(text, found)
      const fromBrowser = where.startsWith('to the gateway')
      return found
        .filter(({ kind }) => !(fromBrowser && kind in shapes))
        .map(({ kind, how }) => ({ kind, where, how }))
    })
  }

  #searchAsOne(texts: readonly string[], hits: Map<string, readonly Hit[]>): void {
    // No encoding has this between two halves of something.
    const found = this.#hitsIn(texts.map(bytewise).join('|'))
    const [text = '', second] = texts
    if (found.length === 0) return
    if (second === undefined) hits.set(text, found)
    else {
      const half = Math.ceil(texts.length / 2)
      this.#searchAsOne(texts.slice(0, half), hits)
      this.#searchAsOne(texts.slice(half), hits)
    }
  }

  #hitsIn(whole: string): Hit[] {
    const hits = new Map<string, Hit>()
    const pieces = new Set<Piece>()
    const known = new Set<string>()
    const isNew = (bytes: Buffer) => {
      if (bytes.length > 4000) return true
      const text = bytes.toString('latin1')
      return !known.has(text) && known.add(text)
    }
    const note = (kind: string, path: readonly string[]) => {
      if (!hits.has(kind)) hits.set(kind, { kind, how: path.join(' > ') || 'in clear' })
    }
    // Breadth first, so that what is found is said in the shortest way.
    let level: (readonly [path: readonly string[], bytes: Buffer])[] = [
      [[], Buffer.from(bytewise(whole), 'latin1')],
    ]
    for (let steps = 0; level.length > 0; steps += 1) {
      for (const [path, bytes] of level) {
        for (const piece of this.#index.in(bytes)) {
          if (!pieces.has(piece)) note(piece.kind, piece.reversed ? [...path, 'reversed'] : path)
          pieces.add(piece)
        }
        for (const kind of shapesIn(bytes)) note(kind, path)
      }
      if (steps === depth) break
      level = level.flatMap(([path, bytes]) =>
        decodingsOf(bytes, path.at(-1))
          .filter(([, decoded]) => isNew(decoded))
          .map(([how, decoded]) => [[...path, how], decoded] as const),
      )
    }
    return [...hits.values()]
  }
}

function shapesIn(bytes: Buffer): string[] {
  if (!bytes.includes('eyJ')) return []
  const text = bytes.toString('latin1')
  return Object.entries(shapes).flatMap(([kind, shape]) => (shape.test(text) ? [kind] : []))
}

const isShort = (text: string) => text.length < 4000
/** Text from the wire has one character for each byte; what a browser says of itself has others too. */
const bytewise = (text: string) =>
  /[\u0100-\uffff]/.test(text) ? Buffer.from(text).toString('latin1') : text

export function search(haystack: readonly Seen[], needles: readonly Needle[]): Found[] {
  const matcher = new Matcher()
  matcher.add(needles)
  return matcher.search(haystack)
}
