type Decode = (match: string, ...groups: string[]) => string
export interface Escape {
  readonly how: string
  readonly mark: string
  readonly pattern: RegExp
  readonly decode: Decode
}

/** What is no byte is no part of a token. */
const character = (code: number) => (code < 256 ? String.fromCharCode(code) : '|')
const fromHex = (digits: string) => character(Number.parseInt(digits, 16))
const short: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
/** Of the names those with which a token could be spelt, or what encodes it. */
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  bsol: '\\',
  colon: ':',
  comma: ',',
  equals: '=',
  gt: '>',
  lowbar: '_',
  lt: '<',
  num: '#',
  percnt: '%',
  period: '.',
  plus: '+',
  quot: '"',
  semi: ';',
  sol: '/',
  UnderBar: '_',
  shy: '',
  Tab: '\t',
  NewLine: '\n',
  ZeroWidthSpace: '',
}

export const escapes = {
  percent: {
    how: 'percent',
    mark: '%',
    pattern: /%([0-9a-f]{2})/gi,
    decode: (_all, digits = '') => fromHex(digits),
  },
  escape: {
    how: 'JSON escapes',
    mark: '\\',
    pattern: /\\(?:u\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|(.))/gi,
    decode: (_all, braces, four, two, other) =>
      other ? (short[other] ?? other) : fromHex(braces ?? four ?? two ?? ''),
  },
  entity: {
    how: 'HTML entities',
    mark: '&',
    pattern: /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));?/gi,
    decode: (all, hexadecimal, decimal, name) => {
      if (name) return entities[name] ?? all
      return hexadecimal ? fromHex(hexadecimal) : character(Number(decimal))
    },
  },
} satisfies Record<string, Escape>

/** What a word has in it: tokens, and all that may stand for a part of one. By their codes. */
const inside = Uint8Array.from({ length: 256 }, (_, code) =>
  Number(/[\w+/.~=%\\{}&#;-]/.test(String.fromCharCode(code))),
)

const isLittle = /^[\w+/.~=\s-]{0,32}$/

/** The words with the mark in them, changed. */
export function wordsWith(text: string, { mark }: Escape, change: (word: string) => string): string {
  const isInside = (at: number) => inside[text.charCodeAt(at)] === 1
  let words = ''
  let last = 0
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, last)) {
    let start = at
    while (start > last && isInside(start - 1)) start -= 1
    let end = at + 1
    while (end < text.length && isInside(end)) end += 1
    const word = change(text.slice(start, end))
    const between = text.slice(last, start)
    // What little stands between two of them may be the rest of one text in pieces. Else they do not belong together.
    if (word) words += (isLittle.test(between) ? between : '|') + word
    last = end
  }
  return words
}
