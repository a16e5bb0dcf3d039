import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasToken, PieceSearch, tellingPart } from '../bff/session/token-search.ts'

const part = (bytes: number) => randomBytes(bytes).toString('base64url')
const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const [header, payload, signature] = [
  segment({ alg: 'RS256', typ: 'at+jwt', kid: 'one' }),
  segment({ iss: 'https://issuer.example/', sub: 'auth0|1', scope: 'openid profile', exp: 1_900_000_000 }),
  part(256),
]
const jwt = `${header}.${payload}.${signature}`
const jwe = [segment({ alg: 'RSA-OAEP', enc: 'A256GCM' }), part(256), part(12), part(300), part(16)].join('.')
const opaque = part(32)
const tokens = [jwt, jwe, opaque].map(tellingPart).join(' ')
const found = (text: string | Buffer) => hasToken(Buffer.from(text), tokens)
const base64 = (text: string, encoding: 'base64' | 'base64url' = 'base64') =>
  Buffer.from(text).toString(encoding)

describe('what makes a token one', () => {
  test.each([
    ['a signed JWT: its signature', jwt, signature],
    ['an encrypted JWT: all but its header', jwe, jwe.slice(jwe.indexOf('.') + 1)],
    ['an opaque one: all of it', opaque, opaque],
    ['one with dots that is no JWT: all of it', 'v1.M2x.abc', 'v1.M2x.abc'],
    ['a JWT that nobody has signed: all of it', `${header}.${payload}.`, `${header}.${payload}.`],
  ])('%s', (_name, token, telling) => {
    expect(tellingPart(token)).toBe(telling)
  })
})

describe('a token is found', () => {
  const places: readonly (readonly [string, (token: string) => string])[] = [
    ['by itself', (token) => token],
    ['in JSON', (token) => JSON.stringify({ a: { token } })],
    ['in a link', (token) => `<a href="/x?t=${encodeURIComponent(token)}&amp;y">`],
    ['behind much text', (token) => `${'lorem ipsum '.repeat(5000)}${token}`],
    ['in a comment', (token) => `<!--${token}-->`],
    ['glued to other characters', (token) => `xyz${token}xyz`],
    ['without its last character', (token) => token.slice(0, -1)],
    ['in base64', (token) => base64(token)],
    ['in base64url', (token) => base64(token, 'base64url')],
    ['in base64 of JSON', (token) => base64(JSON.stringify({ token }))],
    ['in base64, one character on', (token) => base64(`x${token}`)],
    ['in base64, two characters on', (token) => base64(`xx${token}`)],
    ['in base64 within a run', (token) => `abcde${base64(token)}`],
    ['in base64 of which the beginning is missing', (token) => base64(token).slice(5)],
  ]
  describe.each(places)('%s', (_name, put) => {
    test.each(Object.entries({ jwt, jwe, opaque }))('%s', (_kind, token) => {
      expect(found(put(token))).toBe(true)
      expect(found(put(token.replaceAll(/[\w-]/g, 'x')))).toBe(false)
    })
  })

  test('if it is opaque and has the other two characters of base64 in it', () => {
    const token = part(40)
      .replaceAll(/(.{8})./g, '$1+')
      .replaceAll(/(.{5})./g, '$1/')
    expect(hasToken(Buffer.from(`<p>${token}</p>`), tellingPart(token))).toBe(true)
  })

  test('from 20 characters of it on, wherever they are', () => {
    const secret = fc.constantFrom(signature, opaque, jwe.split('.')[1] ?? '')
    const text = fc.string({ unit: fc.constantFrom('<', ' ', '"', 'a', '9', '.', 'é'), maxLength: 80 })
    const property = fc.property(
      text,
      text,
      secret,
      fc.nat(),
      fc.nat(),
      (before, after, whole, from, more) => {
        const start = from % (whole.length - 19)
        const length = 20 + (more % (whole.length - start - 19))
        expect(found(`${before}${whole.slice(start, start + length)}${after}`)).toBe(true)
      },
    )
    fc.assert(property, { seed: 5, numRuns: 3000 })
  })
})

describe('nothing is found in', () => {
  test.each([
    ['nothing', ''],
    ['nine characters of a token', signature.slice(0, 9)],
    ['another token about the same user', `${header}.${payload}.${part(256)}`],
    ['the payload, which without its signature is no token', payload],
    ['random characters', part(5000)],
    ['random bytes', randomBytes(50_000)],
    ['a page', '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Public</title></head>'],
  ])('%s', (_name, text) => {
    expect(found(text)).toBe(false)
  })
})

test('what comes in pieces is found', () => {
  const cut = fc.array(fc.nat(), { maxLength: 30 })
  const property = fc.property(fc.constantFrom(jwt, opaque, base64(jwt)), cut, (token, places) => {
    const text = `data: ${token}\n`
    const cuts = [0, ...places.map((place) => place % text.length).toSorted((a, b) => a - b), text.length]
    const search = new PieceSearch()
    const pieces = cuts.slice(1).map((end, index) => Buffer.from(text.slice(cuts[index], end)))
    const hits = pieces.map((piece) => search.finds(piece, tokens))
    expect(hits).toContain(true)
  })
  fc.assert(property, { seed: 6, numRuns: 1000 })
})
