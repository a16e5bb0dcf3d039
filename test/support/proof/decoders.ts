import { beginnings, headless, members } from './compressed.ts'
import { type Runs, runsIn } from './runs.ts'
import { type Escape, escapes, wordsWith } from './words.ts'

export type Decoded = readonly [how: string, bytes: Buffer]
/** Decodes what may be encoded that way anywhere in a text. */
type Decoder = (bytes: Buffer, runs: Runs, text: () => string) => readonly Decoded[]

const blanks = 'without whitespace'
const backwards = 'reversed'
const latin1 = (text: string) => Buffer.from(text, 'latin1')
const inWords = Object.values(escapes)
/** So many escapes in one word are no accident. */
const many = 8

const inWordsWith = (least: number): readonly Decoder[] =>
  inWords.map(
    (spelling): Decoder =>
      (bytes, _runs, text) =>
        bytes.includes(spelling.mark) ? unescaped(text(), spelling, least) : [],
  )
const digits: readonly Decoder[] = [
  (_bytes, { base64 }) => base64.flatMap((run) => opened('base64', run, [0, 1, 2, 3])),
  (_bytes, { hex }) => hex.flatMap((run) => opened('hex', run, [0, 1])),
  (_bytes, { base64, hex }) => [[backwards, latin1([...base64, ...hex].join('|')).reverse()]],
]
/** What may go over several lines. Where an escape is broken, there are many of them. */
const overLines: readonly Decoder[] = [...digits, ...inWordsWith(many)]
const anywhere: readonly Decoder[] = [
  ...digits,
  ...inWordsWith(1),
  (bytes, { binary }) => (binary ? members(bytes) : []),
  (bytes, _runs, text) => (bytes.includes(0) ? utf16(text()) : []),
  (_bytes, { unspaced }) => (unspaced ? [[blanks, unspaced]] : []),
  (bytes, { binary }, text) => [[backwards, suspicious(bytes, binary, text).reverse()]],
]

/** A text in all readings that may have more in them; `how` it was read itself. */
export function decodingsOf(bytes: Buffer, how: string | undefined): Decoded[] {
  const runs = runsIn(bytes, how !== blanks)
  let made: string | undefined
  const text = () => {
    made ??= bytes.toString('latin1')
    return made
  }
  // Most texts have blanks. Without them they are no less long, and only what goes over several lines is new.
  return (how === blanks ? overLines : anywhere)
    .flatMap((decode) => decode(bytes, runs, text))
    .filter(([name, decoded]) => decoded.length >= 16 && !(how === backwards && name === backwards))
}

/** Text in a row, in one byte or two, or the beginning of compressed data: else it was not encoded at all. */
const something = new RegExp(`[\\t\\n\\r\\x20-\\x7e]{16}|(?:\\0[\\x20-\\x7e]){8}|${beginnings}`)
/** Runs in which there is nothing: cookies and the like come again and again. */
const empty = new Set<string>()
/** A run of digits from each of the places at which a group of them may begin. */
function opened(how: 'base64' | 'hex', run: string, places: readonly number[]): Decoded[] {
  if (how === 'base64' && empty.has(run)) return []
  const found = places.flatMap((place): readonly Decoded[] => {
    const bytes = Buffer.from(run.slice(place), how)
    const inside = place === 0 && isDense(run) && !isHash(bytes) ? headless(bytes) : []
    const compressed = inside.map(([method, more]): Decoded => [`${how} > ${method}`, more])
    return something.test(bytes.toString('latin1')) ? [[how, bytes], ...compressed] : compressed
  })
  if (empty.size > 20_000) empty.clear()
  // A run of hexadecimal digits may be in base64 as well.
  if (found.length === 0 && run.length < 1000 && how === 'base64') empty.add(run)
  return found
}

/** One in six characters of such data is a digit in base64; in words and names there are fewer. */
const isDense = (run: string) => 12 * run.replace(/\D/g, '').length >= run.length
/** As long as hashes and random values are: the usual case, and the attempts cost most of all. */
const isHash = ({ length }: Buffer) => length === 32 || length === 48 || length === 64

function unescaped(text: string, spelling: Escape, least: number): Decoded[] {
  const words = wordsWith(text, spelling, (word) => {
    const decoded = has(word, spelling, least) ? word.replace(spelling.pattern, spelling.decode) : word
    return decoded === word ? '' : decoded
  })
  return [[spelling.how, latin1(words)]]
}

const has = (word: string, { mark }: Escape, least: number) => word.split(mark, least + 1).length > least

/** In both orders of the bytes: in the middle of a text they look the same. */
function utf16(text: string): Decoded[] {
  const runs = text.match(/(?:.\0){15,}.?/gs)?.map((run) => run.replaceAll(/(.)\0/gs, '$1'))
  return runs ? [['UTF-16', latin1(runs.join('|'))]] : []
}

/** What could be something backwards. A needle in clear is looked for in both directions anyway. */
function suspicious(bytes: Buffer, binary: boolean, text: () => string): Buffer {
  if (binary || bytes.includes(0)) return Buffer.from(bytes)
  const words = inWords
    .filter(({ mark }) => bytes.includes(mark))
    .map((spelling) => wordsWith(text(), spelling, (word) => (has(word, spelling, many) ? word : '')))
  return latin1(words.filter(Boolean).join('|'))
}
