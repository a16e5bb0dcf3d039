import { decodeContent } from './compressed.ts'
import type { Seen } from './seen.ts'

/** What one side of a connection has sent: the messages that can be told apart, and how far they go. */
export interface Message {
  readonly startLine: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Without the lengths of chunks, between which a token could hide in two halves. */
  readonly body: Buffer
  /** What else stood between the chunks, and behind the last one. */
  readonly rest: string
  /** Where the next one begins; undefined: this one is still under way. */
  readonly end: number | undefined
}

const startLines = { request: /^[A-Z]+ \S+ HTTP\/1\.[01]$/, response: /^HTTP\/1\.[01] \d{3}/ } as const
export type Side = keyof typeof startLines

/** The message that begins there; undefined: not all of its head is there; null: what is there is none. */
export function messageAt(
  bytes: Buffer,
  start: number,
  side: Side,
  method?: string,
): Message | undefined | null {
  // Empty lines before a request are allowed (RFC 9112 section 2.2).
  let from = start
  while (side === 'request' && bytes[from] === 13 && bytes[from + 1] === 10) from += 2
  const headEnd = bytes.indexOf('\r\n\r\n', from)
  if (headEnd < 0) return undefined
  const [startLine = '', ...lines] = bytes.toString('latin1', from, headEnd).split('\r\n')
  if (!startLines[side].test(startLine)) return null
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, Math.max(colon, 0)).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const value = (name: string) => headers.find(([each]) => each === name)?.[1]
  const bodyStart = headEnd + 4
  const message = { startLine, headers }
  const status = side === 'response' ? Number(startLine.slice(9, 12)) : 0
  if (method === 'HEAD' || status === 204 || status === 304 || (status >= 100 && status < 200)) {
    return { ...message, body: Buffer.alloc(0), rest: '', end: bodyStart }
  }
  if (/chunked/i.test(value('transfer-encoding') ?? '')) return { ...message, ...dechunk(bytes, bodyStart) }
  const length = value('content-length')
  if (length === undefined && side === 'response') {
    return { ...message, body: bytes.subarray(bodyStart), rest: '', end: undefined }
  }
  const end = bodyStart + (Number(length ?? 0) || 0)
  const body = bytes.subarray(bodyStart, end)
  return { ...message, body, rest: '', end: end <= bytes.length ? end : undefined }
}

function dechunk(bytes: Buffer, start: number): Pick<Message, 'body' | 'rest' | 'end'> {
  const parts: Buffer[] = []
  let rest = ''
  let at = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return { body: Buffer.concat(parts), rest, end: undefined }
    const line = bytes.toString('latin1', at, lineEnd)
    const [, digits = '', extension = ''] = /^([0-9a-f]{1,8})(.*)$/i.exec(line) ?? []
    rest += extension
    const size = Number.parseInt(digits, 16)
    if (!(size > 0)) {
      // Behind the last chunk come trailers, and an empty line. What is no length at all is kept as it is.
      const end = size === 0 ? bytes.indexOf('\r\n\r\n', lineEnd) : -1
      const tail = bytes.toString('latin1', size === 0 ? lineEnd : at, end < 0 ? bytes.length : end)
      return { body: Buffer.concat(parts), rest: rest + tail, end: end < 0 ? undefined : end + 4 }
    }
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}

/** A message for the search: line by line, each with its place. */
export function seenIn({ startLine, headers, body, rest }: Message, direction: string, of: string): Seen[] {
  const seen: Seen[] = [{ where: `${direction}: ${of}`, text: startLine }]
  const add = (place: string, text: string) =>
    text && seen.push({ where: `${direction}: ${of}: ${place}`, text })
  for (const [name, value] of headers) {
    if (name === 'cookie') {
      for (const cookie of value.split(/; */)) add(`cookie ${nameOf(cookie)}`, cookie)
    } else if (name === 'set-cookie') add(`set-cookie ${nameOf(value)}`, value)
    else add(`header ${name}`, `${name}: ${value}`)
  }
  add('between and behind the chunks', rest.trim())
  if (body.length === 0) return seen
  const encoding = headers.find(([name]) => name === 'content-encoding')?.[1]
  add('body', body.toString('latin1'))
  if (encoding) add('body', decodeContent(encoding, body).toString('latin1'))
  return seen
}

const nameOf = (cookie: string) => cookie.slice(0, Math.max(cookie.indexOf('='), 0))
