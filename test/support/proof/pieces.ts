import type { Needle } from './seen.ts'

/** What gives a needle away: any `enough` characters in a row of the text. */
export interface Piece {
  readonly kind: string
  readonly text: string
  readonly enough: number
  readonly reversed: boolean
}

/** Shorter than this is found by chance. */
export const shortest = 16

/** The pieces of a needle by which it is known. */
export function piecesOf({ kind, value }: Needle): Piece[] {
  const any = (text: string): Piece => ({ kind, text, enough: shortest, reversed: false })
  const whole = (text: string): Piece => ({ kind, text, enough: text.length, reversed: false })
  const parts = value.split('.')
  const [header = '', second = '', third = '', fourth = ''] = parts
  const isToken = objectIn(header) !== undefined
  // The header of a token is public and equal in all of them. In a JWE the encrypted key and the ciphertext give it away.
  const pieces =
    isToken && parts.length === 5
      ? [any(second), any(fourth)]
      : isToken && parts.length === 3
        ? [
            any(third),
            whole(second),
            ...privateParts(second).map(any),
            ...['jti', 'at_hash'].map((name) => whole(textOf(objectIn(second)?.[name]))),
          ]
        : [any(value)]
  const long = pieces.filter(({ text }) => text.length >= shortest)
  return [...long, ...long.map((piece) => ({ ...piece, text: backwards(piece.text), reversed: true }))]
}

const claims =
  /"(nonce|iss|sub|aud|azp|client_id|exp|iat|nbf|auth_time|updated_at)":("[^"]*"|\[[^\]]*\]|[\d.]+),?/g
/**
 * The second half of a payload, without what is said in public as well, and may be encoded the same way: nonce and
 * time in the state of a login, say. The first half begins like many other texts, `{"iss":"http`.
 */
function privateParts(payload: string): string[] {
  const text = Buffer.from(payload, 'base64url').toString('latin1')
  const half = payload.length / 2
  const parts: string[] = []
  let start = half
  for (const { 0: claim, index } of text.matchAll(claims)) {
    parts.push(payload.slice(start, Math.max(start, Math.floor((index * 4) / 3))))
    start = Math.max(half, Math.ceil(((index + claim.length) * 4) / 3))
  }
  return [...parts, payload.slice(start)]
}

const textOf = (claim: unknown) => (typeof claim === 'string' ? claim : '')
const backwards = (text: string) => text.split('').reverse().join('')

function objectIn(segment: string): Readonly<Record<string, unknown>> | undefined {
  if (!segment.startsWith('ey')) return undefined
  try {
    return JSON.parse(Buffer.from(segment, 'base64url').toString())
  } catch {
    return undefined
  }
}
