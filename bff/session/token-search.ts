/** Fewer characters in a row than two of these say nothing of a token: a fragment of twice the length has one of them whole. */
const pieceLength = 10
const shortest = 2 * pieceLength
/** From here on a run of characters may be base64 of something that has a token in it. */
const shortestEncoded = 48

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
 * Whether the bytes have 20 or more characters in a row of one of the tokens (their telling parts, a blank between),
 * in clear or base64-encoded (either alphabet, any alignment). It goes by what is suspicious in the bytes, not by the tokens: text has few runs of 20
 * characters without a blank or a mark, and what has none is searched by looking at every 20th byte.
 */
export function hasToken(bytes: Buffer, tokens: string): boolean {
  for (const run of runsIn(bytes)) {
    if (hasPiece(run, tokens)) return true
    if (run.length < shortestEncoded) continue
    for (const skipped of [0, 1, 2, 3]) {
      const decoded = Buffer.from(run.slice(skipped), 'base64')
      for (const inner of runsIn(decoded)) if (hasPiece(inner, tokens)) return true
    }
  }
  return false
}

/** The end of bytes that were searched, as far as it may be the beginning of what is found in what follows them. */
export function openEnd(bytes: Buffer): Buffer {
  let start = bytes.length
  while (start > 0 && bytes.length - start < 2 * shortestEncoded && isOfTokens[bytes[start - 1] ?? 0])
    start -= 1
  return bytes.subarray(start)
}

/** All runs of characters that tokens are made of, if they are long enough. */
function* runsIn(bytes: Buffer): Generator<string> {
  for (let probe = shortest - 1; probe < bytes.length; probe += shortest) {
    if (!isOfTokens[bytes[probe] ?? 0]) continue
    let start = probe
    while (start > 0 && isOfTokens[bytes[start - 1] ?? 0]) start -= 1
    let end = probe + 1
    while (end < bytes.length && isOfTokens[bytes[end] ?? 0]) end += 1
    if (end - start >= shortest) yield bytes.toString('latin1', start, end)
    // The next place that no run which has been seen lies on.
    while (probe + shortest < end) probe += shortest
  }
}

function hasPiece(run: string, tokens: string): boolean {
  for (let start = 0; start + pieceLength <= run.length; start += pieceLength) {
    if (tokens.includes(run.slice(start, start + pieceLength))) return true
  }
  return false
}
