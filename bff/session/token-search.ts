/** A fragment of twice the length has one of these whole, wherever it begins; half of that says nothing of a token. */
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
 * Whether a text, one character for each byte, has 20 or more characters in a row of one of the tokens (their telling
 * parts, a blank between), in clear or base64-encoded (either alphabet, any alignment). It goes by what is suspicious
 * in the text, not by the tokens: there are few runs of 20 characters without a blank or a mark, and what has none is
 * searched by looking at every 20th.
 */
export function hasToken(text: string, tokens: string): boolean {
  return hasRun(
    text,
    (run) => hasPiece(run, tokens) || (run.length >= shortestEncoded && hidesToken(run, tokens)),
  )
}

/** The end of a text that was searched, as far as it may be the beginning of what is found in what follows. */
export function openEnd(text: string): string {
  let start = text.length
  const least = Math.max(0, text.length - 2 * shortestEncoded)
  while (start > least && isOfTokens[text.charCodeAt(start - 1)]) start -= 1
  return text.slice(start)
}

/** Looks at the runs of characters that tokens are made of, if they are long enough, until one is it. */
function hasRun(text: string, isIt: (run: string) => boolean): boolean {
  const isPart = (at: number) => isOfTokens[text.charCodeAt(at)] === 1
  for (let probe = shortest - 1; probe < text.length; probe += shortest) {
    if (!isPart(probe)) continue
    let start = probe
    while (start > 0 && isPart(start - 1)) start -= 1
    let end = probe + 1
    while (end < text.length && isPart(end)) end += 1
    if (end - start >= shortest && isIt(text.slice(start, end))) return true
    // To the last place on this run: nothing else lies before its end.
    probe += Math.floor((end - 1 - probe) / shortest) * shortest
  }
  return false
}

/** In base64, whose characters stand for others by their place in groups of four. */
function hidesToken(run: string, tokens: string): boolean {
  return [0, 1, 2, 3].some((skipped) => {
    const decoded = Buffer.from(run.slice(skipped), 'base64').toString('latin1')
    return hasRun(decoded, (inner) => hasPiece(inner, tokens))
  })
}

function hasPiece(run: string, tokens: string): boolean {
  for (let start = 0; start + pieceLength <= run.length; start += pieceLength) {
    if (tokens.includes(run.slice(start, start + pieceLength))) return true
  }
  return false
}
