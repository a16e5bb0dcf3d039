import { isUtf8 } from 'node:buffer'

const digits = '0123456789'
const small = 'abcdefghijklmnopqrstuvwxyz'
const capitals = small.toUpperCase()
/** What each byte is: 0 is in no encoding of bytes as text; then a digit, a small letter, a capital, another sign. */
const kinds = new Uint8Array(256)
for (const [kind, set] of [digits, small, capitals, '+/_-'].entries()) {
  for (const character of set) kinds[character.charCodeAt(0)] = kind + 1
}
const [space, noHex, noBase64] = [1, 2, 4]
/** And what it ends. */
const ends = kinds.map((kind, byte) => {
  const isHex = kind > 0 && /[0-9a-f]/i.test(String.fromCharCode(byte))
  return (byte === 32 || (byte > 8 && byte < 14) ? space : 0) | (isHex ? 0 : noHex) | (kind ? 0 : noBase64)
})

/** What a text could hide something in. */
export interface Runs {
  /** May be base64 or base64url. */
  readonly base64: readonly string[]
  readonly hex: readonly string[]
  /** Not a text in UTF-8. */
  readonly binary: boolean
  /** The text without blanks, if it has any. */
  readonly unspaced: Buffer | undefined
}

/** One pass, because nearly all texts hide nothing. */
export function runsIn(bytes: Buffer, mayHaveBlanks: boolean): Runs {
  const base64: string[] = []
  const hex: string[] = []
  const unspaced = Buffer.allocUnsafe(mayHaveBlanks ? bytes.length : 0)
  let kept = 0
  let start = 0
  let hexStart = 0
  let high = 0
  const counts = [0, 0, 0, 0, 0]
  for (let at = 0; at <= bytes.length; at += 1) {
    const byte = at < bytes.length ? (bytes[at] as number) : 32
    const end = ends[byte] as number
    high |= byte
    if (mayHaveBlanks && !(end & space)) unspaced[kept++] = byte
    if (!(end & noHex)) continue
    if (at - hexStart >= 32) hex.push(bytes.toString('latin1', hexStart, at))
    hexStart = at + 1
    if (!(end & noBase64)) continue
    if (at - start >= 24 && isEncoded(bytes, start, at, counts))
      base64.push(bytes.toString('latin1', start, at))
    start = at + 1
  }
  return {
    base64,
    hex,
    binary: high >= 0x80 && !isUtf8(bytes),
    unspaced: mayHaveBlanks && kept < bytes.length ? unspaced.subarray(0, kept) : undefined,
  }
}

/**
 * Capitals are one in 2.5 of what is encoded, so are small letters, and digits one in 6. Words and names in a row
 * are far from that, and what is encoded never is as far as this.
 */
function isEncoded(bytes: Buffer, start: number, end: number, counts: number[]): boolean {
  counts.fill(0)
  for (let at = start; at < end; at += 1) {
    const kind = kinds[bytes[at] as number] as number
    counts[kind] = (counts[kind] as number) + 1
  }
  const [, some = 0, many = 0, more = 0] = counts
  const length = end - start
  // Where there is no digit at all the letters have to be as mixed as they are in nothing else.
  return 24 * some >= length
    ? 64 * many >= length && 16 * more >= length
    : 4 * more >= length && 8 * many >= length
}
