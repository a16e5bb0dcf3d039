const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads JSON as two readers of it could not read it differently: UTF-8 without a byte order mark, and no member twice
 * (the last one counts for JSON.parse, the first one for others; RFC 8259 section 4). Throws SyntaxError or TypeError.
 */
export function parseStrictly(bytes: Uint8Array): unknown {
  const text = utf8.decode(bytes)
  const value: unknown = JSON.parse(text)
  if (membersOf(value) !== membersIn(text)) throw new SyntaxError('A member is there twice')
  return value
}

/** Of text that is known to be JSON, where a string in front of a colon is a member's name. */
function membersIn(text: string): number {
  let count = 0
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:)?/g)) if (colon) count += 1
  return count
}

/** With a list of its own: texts that are nested as deep as they are long would take up the stack. */
function membersOf(value: unknown): number {
  let count = 0
  const left = [value]
  for (let each = left.pop(); each !== undefined; each = left.pop()) {
    if (typeof each !== 'object' || each === null) continue
    const inside = Object.values(each)
    if (!Array.isArray(each)) count += inside.length
    left.push(...inside)
  }
  return count
}
