import { createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSeal, type Seal } from '../bff/session/seal.ts'
import { isTicket, newTicket } from '../bff/session/ticket.ts'

const oldSecret = 'old-secret-of-32-characters-or-more'
const newSecret = 'new-secret-of-32-characters-or-more'
const context = 'https://issuer.example/ client'
const seal = createSeal([newSecret], context)
const ticket = newTicket()
const plain = JSON.stringify({ claims: { sub: 'auth0|1' }, grant: { accessToken: 'eyJ0.eyJ1.sig' } })
const sealed = Buffer.from(seal.seal(ticket, plain))

/** What somebody reads who brings this row and this ticket; undefined: it does not open. */
function opened(by: Seal, row: Uint8Array, holder = ticket): string | undefined {
  try {
    return by.open(holder, row)
  } catch {
    return undefined
  }
}

test.each([
  ['the newest secret', [newSecret, oldSecret], false],
  ['an older one of the ring', [oldSecret, newSecret], true],
  ['one that is in no ring any more', [oldSecret], true],
])('a row that was sealed with %s is told apart', (_which, secrets, isOutdated) => {
  expect(createSeal(secrets, context).isOutdated(sealed)).toBe(isOutdated)
})

describe('a sealed row', () => {
  test.each(['', '{}', plain, 'Zoë 🧥 \u2028 \0', 'x'.repeat(100_000)])('opens as %j', (text) => {
    expect(seal.open(ticket, seal.seal(ticket, text))).toBe(text)
  })

  test('opens after a restart, from a part of a larger buffer too', () => {
    const larger = Buffer.concat([Buffer.from('before'), sealed, Buffer.from('after')])
    const part = new Uint8Array(larger.buffer, larger.byteOffset + 6, sealed.length)
    expect(createSeal([newSecret], context).open(ticket, part)).toBe(plain)
  })

  test('does not open when any single bit is another (S01)', () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect([bit, opened(seal, changed)]).toEqual([bit, undefined])
    }
  })

  test('throws when it is cut off anywhere, or longer (S01)', () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => seal.open(ticket, sealed.subarray(0, length))).toThrow()
    }
    expect(() => seal.open(ticket, Buffer.concat([sealed, Buffer.of(0)]))).toThrow()
  })

  test.each([
    ['too short', sealed.subarray(0, 32)],
    ['an unknown format', Buffer.concat([Buffer.of(2), sealed.subarray(1)])],
  ])('says in the log that it is %s', (problem, row) => {
    expect(() => seal.open(ticket, row)).toThrow(problem)
  })

  test.each([
    ['another ticket', newTicket()],
    ['its own key', seal.keyOf(ticket)],
    ['nothing', ''],
  ])('does not open with %s in the place of the ticket', (_name, holder) => {
    expect(opened(seal, sealed, holder)).toBeUndefined()
  })

  test.each([
    ['another issuer', 'https://other.example/ client'],
    ['another client', 'https://issuer.example/ other'],
    ['no provider', ''],
  ])('does not open in a gateway for %s', (_name, other) => {
    expect(opened(createSeal([newSecret], other), sealed)).toBeUndefined()
  })

  test('is never the same twice, nor is its iv', () => {
    const rows = Array.from({ length: 1000 }, () => Buffer.from(seal.seal(ticket, plain)))
    expect(new Set(rows.map((row) => row.toString('hex'))).size).toBe(1000)
    expect(new Set(rows.map((row) => row.toString('hex', 5, 17))).size).toBe(1000)
  })

  test('holds neither the ticket nor anything of its content (I09)', () => {
    for (const needle of [
      ticket,
      Buffer.from(ticket, 'base64url'),
      seal.keyOf(ticket),
      'auth0',
      'eyJ',
      'sub',
    ]) {
      expect(sealed.includes(needle)).toBe(false)
    }
  })
})

describe('who has stolen the database and the secret', () => {
  const master = Buffer.from(hkdfSync('sha256', newSecret, '', 'cloakroom session', 32))
  const hmac = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest()

  /** The documented layout, read without our code. */
  function decrypt(key: Uint8Array): string | undefined {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(5, 17), { authTagLength: 16 })
    decipher.setAAD(Buffer.concat([sealed.subarray(0, 5), Buffer.from(`${seal.keyOf(ticket)} ${context}`)]))
    decipher.setAuthTag(sealed.subarray(17, 33))
    try {
      return Buffer.concat([decipher.update(sealed.subarray(33)), decipher.final()]).toString()
    } catch {
      return undefined
    }
  }

  test('the id of the secret in a row is no part of its key', () => {
    expect(sealed.subarray(1, 5).equals(master.subarray(0, 4))).toBe(false)
  })

  test('opens a row with its ticket', () => {
    expect(decrypt(hmac(master, ticket))).toBe(plain)
  })

  test.each([
    ['the secret', createHash('sha256').update(newSecret).digest()],
    ['the key made of it', master],
    ['that and the key of the row', hmac(master, seal.keyOf(ticket))],
    ['that and nothing', hmac(master, '')],
  ])('opens nothing without the ticket, by %s', (_name, key) => {
    expect(decrypt(key)).toBeUndefined()
  })
})

describe('the ring of secrets (S21)', () => {
  const before = createSeal([oldSecret], context)
  const between = createSeal([newSecret, oldSecret], context)
  const after = createSeal([newSecret], context)

  test('a row of the old secret opens while that is in the ring', () => {
    expect(between.open(ticket, before.seal(ticket, plain))).toBe(plain)
  })

  test('what is written uses the newest', () => {
    const row = between.seal(ticket, plain)
    expect(after.open(ticket, row)).toBe(plain)
    expect(before.open(ticket, row)).toBeUndefined()
  })

  test('a row whose secret was removed is undefined: no attack, only over', () => {
    expect(after.open(ticket, before.seal(ticket, plain))).toBeUndefined()
  })

  test('a row does not open under the name of another secret of the ring', () => {
    const row = Buffer.from(before.seal(ticket, plain))
    Buffer.from(after.seal(ticket, plain)).copy(row, 1, 1, 5)
    expect(() => between.open(ticket, row)).toThrow()
  })

  test('the key of a row is the same under every secret', () => {
    expect(new Set([before, between, after].map((each) => each.keyOf(ticket))).size).toBe(1)
  })

  test('an empty ring is refused', () => {
    expect(() => createSeal([], context)).toThrow('secret')
  })
})

describe("a row's key", () => {
  test.each([[ticket], ['A'.repeat(43)], [''], ['x'.repeat(10_000)]])(
    'of the ticket %j is its SHA-256',
    (value) => {
      expect(seal.keyOf(value)).toBe(createHash('sha256').update(value).digest('base64url'))
      expect(seal.keyOf(value)).not.toContain(value || ticket)
    },
  )
})

describe('the index of a text', () => {
  test('is the same after a restart, and another for every other text', () => {
    const texts = ['sub auth0|1', 'sub auth0|2', 'sid auth0|1', '', ' ', 'Zoë', 'x'.repeat(10_000)]
    const indexes = texts.map((text) => seal.indexesOf(text))
    expect(texts.map((text) => createSeal([newSecret], context).indexesOf(text))).toEqual(indexes)
    expect(new Set(indexes.flat()).size).toBe(texts.length)
  })

  test.each([
    ['another secret', createSeal([oldSecret], context)],
    ['another issuer', createSeal([newSecret], 'https://other.example/ client')],
    ['another client', createSeal([newSecret], 'https://issuer.example/ other')],
  ])('is another under %s', (_name, other) => {
    expect(other.indexesOf('sub auth0|1')).not.toEqual(seal.indexesOf('sub auth0|1'))
  })

  test('has one form for each secret of the ring, the newest first (S21)', () => {
    const [before, after] = [[oldSecret], [newSecret]].map((ring) => createSeal(ring, context).indexesOf('x'))
    expect(createSeal([newSecret, oldSecret], context).indexesOf('x')).toEqual([
      ...(after ?? []),
      ...(before ?? []),
    ])
  })

  test('cannot be made without the secret, and says nothing of the text (I09)', () => {
    const text = 'sub auth0|1'
    const guesses = ['', context, text, newSecret].flatMap((key) =>
      [text, `${context} ${text}`].flatMap((content) => [
        createHash('sha256').update(content).digest('base64url'),
        createHmac('sha256', key).update(content).digest('base64url'),
      ]),
    )
    const [index = ''] = seal.indexesOf(text)
    expect(index).toMatch(/^[\w-]{43}$/)
    expect(guesses).not.toContain(index)
    expect(index).not.toBe(seal.keyOf(text))
  })
})

describe('a ticket', () => {
  test('is 256 random bits: a hundred thousand are all different, and any character may be anywhere (S19)', () => {
    const tickets = new Set<string>()
    const seen = Array.from({ length: 43 }, () => new Set<string>())
    for (let count = 0; count < 100_000; count += 1) {
      const made = newTicket()
      tickets.add(made)
      for (const [place, characters] of seen.entries()) characters.add(made.charAt(place))
    }
    expect(tickets.size).toBe(100_000)
    expect([...tickets].every(isTicket)).toBe(true)
    // 43 characters hold 258 bits: the last one has two that are always zero.
    expect(seen.map(({ size }) => size)).toEqual([...Array(42).fill(64), 16])
  })
})
