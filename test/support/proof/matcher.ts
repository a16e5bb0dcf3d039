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
    // By length and ends: to take the hash of all texts would cost as much as to look for base64 in them.
    const searched = new Map<string, { readonly text: string; readonly hits: readonly Hit[] }[]>()
    return haystack.flatMap(({ where, text }) => {
      const key = `${text.length} ${text.slice(0, 50)} ${text.slice(-50)}`
      const alike = searched.get(key) ?? []
      searched.set(key, alike)
      let known = alike.find((each) => each.text === text)
      if (!known) {
        known = { text, hits: this.#hitsIn(text) }
        alike.push(known)
      }
      const { hits } = known
      const fromBrowser = where.startsWith('to the gateway')
      return hits
        .filter(({ kind }) => !(fromBrowser && kind in shapes))
        .map(({ kind, how }) => ({ kind, where, how }))
    })
  }

  #hitsIn(whole: string): Hit[] {
    const hits = new Map<string, Hit>()
    const pieces = new Set<Piece>()
    const note = (kind: string, path: readonly string[]) => {
      if (!hits.has(kind)) hits.set(kind, { kind, how: path.join(' > ') || 'in clear' })
    }
    // Breadth first, so that what is found is said in the shortest way.
    let level: (readonly [path: readonly string[], bytes: Buffer])[] = [[[], bytesOf(whole)]]
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
        decodingsOf(bytes, path.at(-1)).map(([how, decoded]) => [[...path, how], decoded] as const),
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

/** Text from the wire has one character for each byte; what a browser says of itself has others too. */
const bytesOf = (text: string) => Buffer.from(text, /[\u0100-\uffff]/.test(text) ? 'utf8' : 'latin1')

export function search(haystack: readonly Seen[], needles: readonly Needle[]): Found[] {
  const matcher = new Matcher()
  matcher.add(needles)
  return matcher.search(haystack)
}
