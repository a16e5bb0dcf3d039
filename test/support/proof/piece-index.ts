import { type Piece, shortest } from './pieces.ts'

/** So many characters in a row are looked up. */
const gram = 8
/** At so many characters from each other: then one look-up falls into every 16 characters of the text. */
const stride = shortest - gram + 1
const bits = 1 << 24

/** All pieces of all needles; a text is looked through once, however many there are. */
export class PieceIndex {
  /** A place is eight characters of a piece. Those with the same hash are a list, of which this has the head. */
  readonly #heads = new Map<number, number>()
  readonly #next: number[] = []
  readonly #pieces: Piece[] = []
  readonly #ats: number[] = []
  /** Most look-ups end here: a bit for each hash there is. */
  readonly #filter = new Uint8Array(bits / 8)

  add(piece: Piece): void {
    const bytes = Buffer.from(piece.text, 'latin1')
    for (let at = 0; at + gram <= bytes.length; at += 1) {
      const hash = hashAt(bytes, at)
      this.#next.push(this.#heads.get(hash) ?? -1)
      this.#heads.set(hash, this.#pieces.length)
      this.#pieces.push(piece)
      this.#ats.push(at)
      const bit = hash & (bits - 1)
      this.#filter[bit >> 3] = (this.#filter[bit >> 3] as number) | (1 << (bit & 7))
    }
  }

  /** The pieces of which enough is in the text. */
  in(bytes: Buffer): Set<Piece> {
    const found = new Set<Piece>()
    for (let at = 0; at + gram <= bytes.length; at += stride) {
      const hash = hashAt(bytes, at)
      const bit = hash & (bits - 1)
      if (!((this.#filter[bit >> 3] as number) & (1 << (bit & 7)))) continue
      for (let place = this.#heads.get(hash) ?? -1; place >= 0; place = this.#next[place] as number) {
        const piece = this.#pieces[place] as Piece
        if (!found.has(piece) && isEnough(bytes, at, piece, this.#ats[place] as number)) found.add(piece)
      }
    }
    return found
  }
}

/** Of the eight bytes there, as a small integer. */
function hashAt(bytes: Buffer, at: number): number {
  const four = (from: number) =>
    (bytes[from] as number) |
    ((bytes[from + 1] as number) << 8) |
    ((bytes[from + 2] as number) << 16) |
    ((bytes[from + 3] as number) << 24)
  const hash = Math.imul(four(at), 0x9e3779b1) ^ Math.imul(four(at + 4), 0x85ebca6b)
  return (hash ^ (hash >>> 15)) >>> 2
}

/** Whether both texts agree in so many characters, to the left and right of the place, as it takes. */
function isEnough(bytes: Buffer, at: number, piece: Piece, pieceAt: number): boolean {
  // Hashes are equal by chance as well.
  let before = 0
  while (before < pieceAt && bytes[at - before - 1] === piece.text.charCodeAt(pieceAt - before - 1))
    before += 1
  let end = 0
  while (pieceAt + end < piece.text.length && bytes[at + end] === piece.text.charCodeAt(pieceAt + end))
    end += 1
  return before + end >= piece.enough
}
