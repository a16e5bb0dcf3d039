/** A fragment of twice the length has one of these whole, wherever it begins; half of that says nothing of a token. */
const pieceLength = 10
const shortest = 2 * pieceLength
/** From here on a run of characters may be base64 of something that has a token in it. */
const shortestEncoded = 48
const longestEnd = 2 * shortestEncoded

const isOfTokens = new Uint8Array(256)
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/') {
  isOfTokens[character.charCodeAt(0)] = 1
}

/**
 * The part of a token that makes it one. Of a signed JWT the signature: its header is public, its payload may have
 * long pieces in common with texts that are no secret (another JWT about the same user). Everything else is secret
 * from end to end, an encrypted JWT but for its header.
 */
export function tellingPart(token: string): string {
  const [header = '', , ...rest] = token.split('.')
  if (!header.startsWith('eyJ') || rest.length === 0) return token
  return (rest.length === 1 ? rest[0] : token.slice(header.length + 1)) || token
}

/**
 * Whether a text has 20 or more characters in a row of one of the tokens (their telling parts, a blank between), in clear
 * or base64-encoded (either alphabet, any alignment). It goes by what is suspicious in the text, not by the tokens: there
 * are few runs of 20 characters without a blank or a mark, and what has none is searched by looking at a few of every 20.
 */
export function hasToken(text: Buffer, tokens: string): boolean {
  return hasRun(
    text,
    (run) => hasPiece(run, tokens) || (run.length >= shortestEncoded && hidesToken(run, tokens)),
  )
}

/** Searches a text that comes in pieces, of which none is kept: a token may lie across several. */
export class PieceSearch {
  /** Of what was searched, the end as far as it may be the beginning of a token. */
  #end: Buffer = Buffer.alloc(0)

  /** Whether this piece has one, or completes one. */
  finds(piece: Buffer, tokens: string): boolean {
    const isSeam = this.#end.length > 0
    const seam = isSeam ? Buffer.concat([this.#end, piece.subarray(0, longestEnd)]) : piece
    const isFound = hasToken(piece, tokens) || (isSeam && hasToken(seam, tokens))
    this.#end = openEnd(piece.length < longestEnd ? seam : piece)
    return isFound
  }
}

function openEnd(text: Buffer): Buffer {
  let start = text.length
  const least = Math.max(0, text.length - longestEnd)
  while (start > least && isPart(text, start - 1)) start -= 1
  // Copied, so that it does not keep the whole piece.
  return Buffer.from(text.subarray(start))
}

const isPart = (text: Buffer, at: number) => isOfTokens[text[at] ?? 0] === 1

/**
 * Looks at the runs of characters that tokens are made of, if they are long enough, until one is it. Of 20 places in a row
 * the last mark is looked for, from the end; no run of that length has it in it, so the next 20 begin behind it.
 */
function hasRun(text: Buffer, isIt: (run: string) => boolean): boolean {
  let start = 0
  while (start + shortest <= text.length) {
    let mark = start + shortest - 1
    while (mark >= start && isPart(text, mark)) mark -= 1
    if (mark < start) {
      mark = start + shortest
      while (mark < text.length && isPart(text, mark)) mark += 1
      if (isIt(text.toString('latin1', start, mark))) return true
    }
    start = mark + 1
  }
  return false
}

/** In base64, whose characters stand for others by their place in groups of four. */
function hidesToken(run: string, tokens: string): boolean {
  return [0, 1, 2, 3].some((skipped) => {
    const decoded = Buffer.from(run.slice(skipped), 'base64')
    return hasRun(decoded, (inner) => hasPiece(inner, tokens))
  })
}

function hasPiece(run: string, tokens: string): boolean {
  for (let start = 0; start + pieceLength <= run.length; start += pieceLength) {
    if (tokens.includes(run.slice(start, start + pieceLength))) return true
  }
  return false
}
