import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { localPath } from '../bff/edge/return-to.ts'
import { decodeState } from '../bff/login/oidc.ts'
import { good, hostile, hostileTexts, isLocal, madeUpAddress } from './support/addresses.ts'

const base = 'http://localhost:4040'
const page = (value: unknown) => localPath(value, base)

/** The path of an address, as something decodes it that takes every byte for a character. */
const decode = (path: string) =>
  path
    .replace(/\?.*/, '')
    .replace(/%([0-9a-f]{2})/gi, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)))

describe('nobody is led to (L15, L16, L17)', () => {
  test.each(hostile)('%s', (_group, values) => {
    expect(values.filter((value) => page(value) !== '/')).toEqual([])
  })

  test('the list of them is long, and repeats nothing', () => {
    const all = hostile.flatMap(([, values]) => values.map((value) => JSON.stringify(value)))
    expect(new Set(all).size).toBe(all.length)
    expect(all.length).toBeGreaterThan(800)
  })

  test('the same holds for a gateway on https, and for one on its usual port', () => {
    for (const other of ['https://gateway.example', 'http://gateway.example']) {
      const values = hostile.flatMap(([, all]) => all)
      expect(values.filter((value) => localPath(value, other) !== '/')).toEqual([])
    }
  })
})

test.each(good)('%j is a page to come back to, as %j', (before, after) => {
  expect(page(before)).toBe(after)
})

test('whatever is made up, what comes of it is a short path of this origin, and stays what it is', () => {
  let kept = 0
  const property = fc.property(madeUpAddress, (value) => {
    const path = page(value)
    expect(isLocal(path, base)).toBe(true)
    expect(path).toMatch(/^[\x21-\x7e]{1,1000}$/)
    expect(path).not.toMatch(/^\/(login|signup|callback|logout|api)(\/|\?|$)/i)
    // Nor another to a proxy that decodes, and decodes again.
    for (const decoded of [decode(path), decode(decode(path))])
      expect(decoded).toMatch(/^\/(?![/\\])[ -\u00ff]*$/)
    expect(page(path)).toBe(path)
    if (path !== '/') kept += 1
  })
  fc.assert(property, { seed: 15, numRuns: 20_000 })
  // Else it would have shown nothing.
  expect(kept).toBeGreaterThan(1000)
})

describe('a state, which comes back from the browser (L15)', () => {
  const encode = (state: unknown) => Buffer.from(JSON.stringify(state)).toString('base64url')
  const state = { returnTo: '/admin', slot: 0, begunAt: 1 }

  test('says the page, the slot and the time, and nothing else', () => {
    const more = JSON.stringify({ ...state, salt: 'x', slots: [7] }).replace('{', '{"__proto__":{"a":1},')
    const said = decodeState(Buffer.from(more).toString('base64url'))
    expect(said).toEqual(state)
    expect(Object.keys(said ?? {})).toEqual(['returnTo', 'slot', 'begunAt'])
  })

  test('may hold any text as its page: it is untrusted until localPath has seen it', () => {
    for (const returnTo of hostileTexts) {
      expect(page(decodeState(encode({ ...state, returnTo }))?.returnTo)).toBe('/')
    }
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no text', 5],
    ['a list', [encode(state)]],
    ['an empty text', ''],
    ['no JSON', 'eyJ'],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00]).toString('base64url')],
    ['null', encode(null)],
    ['a number', encode(1)],
    ['a list of JSON', encode([state])],
    ['no page', encode({ ...state, returnTo: undefined })],
    ['a page that is a list', encode({ ...state, returnTo: ['/admin'] })],
    ['a page that is an object', encode({ ...state, returnTo: { toString: '/admin' } })],
    ['a slot that does not exist', encode({ ...state, slot: 5 })],
    ['a slot between two', encode({ ...state, slot: 0.5 })],
    ['a slot below all', encode({ ...state, slot: -1 })],
    ['a slot in letters', encode({ ...state, slot: '0' })],
    ['a slot by name', encode({ ...state, slot: 'length' })],
    ['a time in letters', encode({ ...state, begunAt: '1' })],
    [
      'all of it in its prototype',
      Buffer.from(`{"__proto__":${JSON.stringify(state)}}`).toString('base64url'),
    ],
    ['itself, encoded twice', Buffer.from(encode(state)).toString('base64url')],
    ['a nest of lists', Buffer.from('['.repeat(5000)).toString('base64url')],
  ])('that is %s says nothing', (_case, value) => {
    expect(decodeState(value)).toBeUndefined()
  })
})
