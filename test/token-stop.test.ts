import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stopToken } from '../bff/gateway/token-stop.ts'

/** What comes out for chunks that go in, and whether it came to an end. */
async function through(token: string, hold: boolean, chunks: readonly Buffer[]) {
  const parts: Buffer[] = []
  const stop = Readable.from(chunks, { objectMode: true }).pipe(stopToken(token, hold))
  try {
    for await (const part of stop) parts.push(part)
    return { text: Buffer.concat(parts), ended: true }
  } catch {
    return { text: Buffer.concat(parts), ended: false }
  }
}

function split(text: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (text.length + 1)).toSorted((a, b) => a - b), text.length]
  return cuts.slice(1).map((end, index) => text.subarray(cuts[index], end))
}

/** Of two letters, so that beginnings of the token are everywhere, and overlap. */
const few = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 40 })
const token = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 })
const places = fc.array(fc.nat(), { maxLength: 12 })

test('whatever comes in whatever pieces, it is whole without the token, and ends before it (P23)', async () => {
  const property = fc.asyncProperty(few, token, places, fc.boolean(), async (text, needle, cuts, hold) => {
    const { text: out, ended } = await through(needle, hold, split(Buffer.from(text), cuts))
    const has = text.includes(needle)
    expect(ended).toBe(!has)
    expect(out.includes(needle)).toBe(false)
    if (has) expect(text.startsWith(out.toString())).toBe(true)
    else expect(out.toString()).toBe(text)
  })
  await fc.assert(property, { seed: 4, numRuns: 3000 })
})

test('the same for long answers, bytes that are no text, and a token like real ones (P23)', async () => {
  const real = `ey${'J0eXAiOiJ'.repeat(90)}`
  const bytes = fc.uint8Array({ maxLength: 300 })
  const property = fc.asyncProperty(
    bytes,
    bytes,
    fc.nat(140_000),
    fc.nat(real.length),
    places,
    async (before, after, filling, length, cuts) => {
      const text = Buffer.concat([
        before,
        Buffer.alloc(filling, 'eyJ'),
        Buffer.from(real.slice(0, length)),
        after,
      ])
      const { text: out, ended } = await through(real, true, split(text, cuts))
      expect(ended).toBe(!text.includes(real))
      expect(out.includes(real)).toBe(false)
      if (ended) expect(out.equals(text)).toBe(true)
      else expect(text.subarray(0, out.length).equals(out)).toBe(true)
    },
  )
  await fc.assert(property, { seed: 5, numRuns: 300 })
})

test('every place at which the token can fall into two or three pieces stops it (P23)', async () => {
  const needle = 'eyJhbGci.eyJzdWIi'
  const text = Buffer.from(`{"a":"ey${needle}"}`)
  for (let first = 0; first <= text.length; first += 1) {
    for (let second = first; second <= text.length; second += 1) {
      const { text: out, ended } = await through(needle, false, split(text, [first, second]))
      expect(ended).toBe(false)
      expect(out.toString()).not.toContain(needle)
    }
  }
})

test('an answer up to 64 kB has said nothing before it is known to be clean', async () => {
  const end = Buffer.from('the-token')
  for (const size of [0, 65_000, 65_536 - end.length]) {
    const { text } = await through('the-token', true, [Buffer.alloc(size, 'x'), end])
    expect(text.length).toBe(0)
  }
})
