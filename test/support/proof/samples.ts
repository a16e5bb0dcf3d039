import { createHash, hash } from 'node:crypto'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { Needle } from './seen.ts'

const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** Random as far as anybody can see, and the same in every run. */
let made = 0
function randomBytes(count: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(count / 32) }, () => hash('sha256', `${made++}`, 'buffer'))
  return Buffer.concat(blocks).subarray(0, count)
}
const random = (bytes: number) => randomBytes(bytes).toString('base64url')
const randomUuid = () =>
  randomBytes(16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

const claims = {
  iss: 'http://127.0.0.1:7070/',
  sub: 'auth0|063aaaa083ca370d58b1358d',
  scope: 'openid profile email read:messages',
  sid: random(32),
  jti: randomUuid(),
  at_hash: random(16),
}

/** One of each kind, as providers make them. */
export const needles = {
  'signed token': {
    kind: 'access_token',
    value: [json({ alg: 'RS256', typ: 'at+jwt', kid: 'key' }), json(claims), random(256)].join('.'),
  },
  'encrypted token': {
    kind: 'id_token',
    value: [json({ alg: 'RSA-OAEP', enc: 'A256GCM' }), random(256), random(12), random(700), random(16)].join(
      '.',
    ),
  },
  'opaque value': { kind: 'refresh_token', value: random(48) },
  'value in small letters': { kind: 'code', value: randomUuid() },
} satisfies Record<string, Needle>

const [, payload = '', signature = ''] = needles['signed token'].value.split('.')

/** Its payload says only what everybody may know, but not all of it in one. */
const bare = [
  json({ alg: 'RS256' }),
  json({ iss: claims.iss, sub: claims.sub, exp: 1_795_645_631 }),
  random(256),
]
export const bareToken: Needle = { kind: 'access_token', value: bare.join('.') }

/** What of a token is as good as all of it, or tells on it: a text for each, none of them by chance. */
export const parts: Readonly<Record<string, string>> = {
  'sixteen characters of a signature': signature.slice(101, 117),
  'the payload without header and signature': payload,
  // From the middle of the scope on there is something that stands nowhere else.
  'a payload of which every part is public': bare[1] ?? '',
  'sixteen characters of the second half of a payload': payload.slice(
    payload.length / 2 + 5,
    payload.length / 2 + 21,
  ),
  'its jti': claims.jti,
  'its at_hash': claims.at_hash,
  'sixteen characters of a ciphertext': needles['encrypted token'].value.split('.')[3]?.slice(500, 516) ?? '',
  'sixteen characters of an opaque value': needles['opaque value'].value.slice(20, 36),
}

/** What is public, though it looks like some of them or is made of the same. */
export const harmless: Readonly<Record<string, string>> = {
  'the header of a token': needles['signed token'].value.split('.')[0] ?? '',
  'the state of a login': `state=${json({ returnTo: '/profile?tab=1', iat: 1_795_645_631 })}`,
  'a nonce': `nonce=${random(32)}`,
  'a code_challenge': createHash('sha256').update(needles['opaque value'].value).digest('base64url'),
  'a form token': `<input name="token" value="${random(48)}">`,
  'a ticket': `ticket-4040=${random(32)}; Path=/; HttpOnly`,
  'the issuer and the user, encoded': json({ iss: claims.iss, sub: claims.sub }),
  'fifteen characters of an opaque value': needles['opaque value'].value.slice(7, 22),
  'the claims about the user, as the profile shows them': JSON.stringify(
    { sub: claims.sub, scope: claims.scope },
    null,
    2,
  ),
}

type Encode = (text: string) => string
const latin1 = (bytes: Buffer) => bytes.toString('latin1')
const bytes = (text: string) => Buffer.from(text, 'latin1')
const each = (text: string, encode: (code: number) => string) =>
  text
    .split('')
    .map((character) => encode(character.charCodeAt(0)))
    .join('')
const hexOf = (code: number, width: number) => code.toString(16).padStart(width, '0')
const base64 = (text: string) => bytes(text).toString('base64')

/** Ways to hide a text, by what the matcher calls them. */
export const encodings: Readonly<Record<string, readonly [how: string, encode: Encode]>> = {
  'percent-encoded': ['percent', (text) => each(text, (code) => `%${hexOf(code, 2)}`)],
  'percent-encoded here and there': [
    'percent',
    (text) => each(text, (code) => (code % 3 ? String.fromCharCode(code) : `%${hexOf(code, 2)}`)),
  ],
  '\\u escapes': ['JSON escapes', (text) => each(text, (code) => `\\u${hexOf(code, 4)}`)],
  '\\x escapes': ['JSON escapes', (text) => each(text, (code) => `\\x${hexOf(code, 2)}`)],
  'decimal entities': ['HTML entities', (text) => each(text, (code) => `&#${code};`)],
  'hexadecimal entities': ['HTML entities', (text) => each(text, (code) => `&#x${hexOf(code, 2)};`)],
  base64: ['base64', base64],
  'base64, one character later': ['base64', (text) => base64(`a${text}`)],
  'base64, two characters later': ['base64', (text) => base64(`ab${text}`)],
  'base64 behind other letters': ['base64', (text) => `/path/x${base64(text)}`],
  base64url: ['base64', (text) => bytes(text).toString('base64url')],
  hex: ['hex', (text) => bytes(text).toString('hex')],
  'hex in capitals, behind a digit': ['hex', (text) => `7${bytes(text).toString('hex').toUpperCase()}`],
  gzip: ['gzip', (text) => `before ${latin1(gzipSync(bytes(text)))} after`],
  zlib: ['deflate', (text) => latin1(deflateSync(bytes(text)))],
  zstd: ['zstd', (text) => latin1(zstdCompressSync(bytes(text)))],
  'UTF-16LE': ['UTF-16', (text) => latin1(Buffer.from(text, 'utf16le'))],
  'UTF-16BE': ['UTF-16', (text) => latin1(Buffer.from(text, 'utf16le').swap16())],
  'lines of seven': ['without whitespace', (text) => text.replace(/.{7}/gs, '$&\r\n')],
  'spelt with blanks': ['without whitespace', (text) => text.split('').join(' ')],
  reversed: ['reversed', (text) => text.split('').reverse().join('')],
}

/** What has no beginning of its own is recognised where a header says it, or inside of base64 and hex. */
export const headless: Readonly<Record<string, Encode>> = {
  br: (text) => latin1(brotliCompressSync(bytes(text))),
  'raw deflate': (text) => latin1(deflateRawSync(bytes(text))),
}
