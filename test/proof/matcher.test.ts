import { describe, expect, test } from 'vitest'
import { search } from '../support/proof/matcher.ts'
import { bareToken, encodings, harmless, headless, needles, parts } from '../support/proof/samples.ts'
import type { Needle } from '../support/proof/seen.ts'

const all: readonly Needle[] = [...Object.values(needles), bareToken]
const where = 'to the browser: GET /: body'
const find = (text: string, among = all) => search([{ where, text }], among)
const kindsIn = (text: string) => find(text).map(({ kind }) => kind)
/** Somewhere in a page. */
const page = (text: string) =>
  `<!doctype html><p title="x">Hello &amp; good-bye</p>\n<a href="/?a=%2Fb">${text}</a>\n`
/** Nobody puts blanks or single escapes between bytes that are no text. */
const forText = ['percent-encoded here and there', 'lines of seven', 'spelt with blanks']
const isText = (text: string) => /^[\x20-\x7e\s]*$/.test(text)
const rows = Object.entries(needles).map(([name, needle]) => [name, needle] as const)

describe.each(rows)('a %s', (_name, { kind, value }) => {
  test('is found in clear', () => {
    expect(find(page(value))).toContainEqual({ kind, where, how: 'in clear' })
  })

  test.each(Object.entries(encodings))('is found: %s', (_encoding, [how, encode]) => {
    const text = encode(value)
    // Data that cannot be made shorter stands in the compressed as it is.
    expect(find(page(text))).toContainEqual({ kind, where, how: text.includes(value) ? 'in clear' : how })
  })

  test('is found in every two encodings, one inside of the other', () => {
    for (const [outer, [, encodeOuter]] of Object.entries(encodings)) {
      for (const [inner, [, encodeInner]] of Object.entries(encodings)) {
        const text = encodeInner(value)
        if (!isText(text) && forText.includes(outer)) continue
        expect(kindsIn(page(encodeOuter(text))), `${inner} in ${outer}`).toContain(kind)
      }
    }
  })

  test.each(Object.entries(headless))('is found inside of base64 and hex: %s', (_encoding, encode) => {
    for (const inside of ['base64', 'hex'] as const) {
      expect(kindsIn(page(Buffer.from(encode(value), 'latin1').toString(inside)))).toContain(kind)
    }
  })
})

test.each([
  [['gzip', 'base64', 'percent-encoded'], 'percent > base64 > gzip'],
  [['base64', 'base64', 'base64'], 'base64 > base64 > base64'],
  [['\\u escapes', 'gzip', 'hex'], 'hex > gzip > JSON escapes'],
  [['reversed', 'base64url', 'lines of seven'], 'without whitespace > base64 > reversed'],
  [['UTF-16LE', 'zstd', 'base64'], 'base64 > zstd > UTF-16'],
  [['decimal entities', 'percent-encoded', '\\u escapes'], 'JSON escapes > percent > HTML entities'],
] as const)('three encodings are followed to the end: %j', (names, how) => {
  const hide = (text: string) => names.reduce((inside, name) => encodings[name]?.[1](inside) ?? '', text)
  for (const { kind, value } of all) expect(kindsIn(page(hide(value)))).toContain(kind)
  const { kind, value } = needles['signed token']
  expect(find(page(hide(value)))).toContainEqual({ kind, where, how })
})

describe('of a token', () => {
  test.each(Object.entries(parts))('%s is enough', (_name, text) => {
    const found = find(page(text))
    expect(found.map(({ how }) => how)).toEqual(['in clear'])
    expect(find(page(Buffer.from(`{"a":"${text}"}`).toString('base64')))).not.toEqual([])
  })

  test.each(Object.entries(harmless))('nothing is seen in what is public: %s', (_name, text) => {
    expect(find(page(text))).toEqual([])
    expect(find(page(Buffer.from(text).toString('base64')))).toEqual([])
  })
})

describe('whatever we know of it', () => {
  const shapes = [
    ['JWT', needles['signed token'].value],
    ['JWE', needles['encrypted token'].value],
    ['JWT', `${needles['signed token'].value.split('.').slice(0, 2).join('.')}.`],
  ] as const
  test.each(shapes)('the shape of a %s goes to no browser', (kind, text) => {
    expect(find(page(text), [])).toEqual([{ kind, where, how: 'in clear' }])
    const hidden = encodings.base64?.[1](text) ?? ''
    expect(find(page(hidden), [])).toEqual([{ kind, where, how: 'base64' }])
    // What somebody sends to the gateway is his own affair.
    expect(search([{ where: 'to the gateway: GET /', text }], [])).toEqual([])
  })
})

describe('the known limits', () => {
  const { value } = needles['opaque value']
  const letters = /[a-z]/gi
  const rot13 = (text: string) =>
    text.replace(letters, (letter) => {
      const base = letter < 'a' ? 65 : 97
      return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base)
    })

  test.each([
    ['rot13', rot13(value)],
    ['in other letters than it has', value.toUpperCase()],
    ['in fifteen characters here and fifteen there', `${value.slice(0, 15)}"+"${value.slice(15, 30)}`],
    [
      'in four encodings',
      ['base64', 'hex', 'base64', 'hex'].reduce((text, name) => encodings[name]?.[1](text) ?? '', value),
    ],
  ])('a token is not seen: %s', (_how, text) => {
    expect(find(page(text))).toEqual([])
  })
})

test('what is shorter than sixteen characters is no needle: it would be found by chance', () => {
  expect(find('a short-secret-xy in a text', [{ kind: 'client_secret', value: 'short-secret-xy' }])).toEqual(
    [],
  )
  expect(
    find('a longer-secret-xy in a text', [{ kind: 'client_secret', value: 'longer-secret-xy' }]),
  ).toHaveLength(1)
})

test('many needles cost no more than one, and a large text that hides nothing next to nothing', () => {
  const thousand = Array.from({ length: 1000 }, () => ({ kind: 'x', value: crypto.randomUUID() }))
  const text = page('Some text in a paragraph, as pages have it. ').repeat(100_000)
  const startedAt = performance.now()
  expect(search([{ where, text }], thousand)).toEqual([])
  // Twelve megabytes. On a machine with nothing else to do a fifth of a second.
  expect(performance.now() - startedAt).toBeLessThan(20_000)
})
