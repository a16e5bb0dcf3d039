import { blind, inPages, type Planted, stops, withToken, zlib } from './leak.ts'

export const inBodies: readonly Planted[] = [
  { name: 'a comment in a page', edits: inPages('`<!-- ${token} -->`'), guard: stops },
  { name: 'a data attribute of a page', edits: inPages('`<i data-token="${token}"></i>`'), guard: stops },
  { name: 'a page in base64', edits: inPages("Buffer.from(`.${token}`).toString('base64')"), guard: stops },
  {
    name: 'a page in base64url of JSON',
    edits: inPages("Buffer.from(JSON.stringify({ t: token })).toString('base64url')"),
    guard: stops,
  },
  { name: 'a page in hex', edits: inPages("Buffer.from(token).toString('hex')"), guard: blind },
  {
    name: 'a page with every character percent-encoded',
    edits: inPages("[...token].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')"),
    guard: blind,
  },
  {
    name: 'a page in HTML entities',
    edits: inPages("[...token].map((c) => `&#${c.charCodeAt(0)};`).join('')"),
    guard: blind,
  },
  {
    name: 'a page in escapes of JSON',
    edits: inPages("[...token].map((c) => `\\\\u00${c.charCodeAt(0).toString(16)}`).join('')"),
    guard: blind,
  },
  {
    name: 'a page with a new line after every 12 characters',
    edits: inPages("token.replaceAll(/.{12}/g, '$&\\n')"),
    guard: blind,
  },
  { name: 'a page back to front', edits: inPages("[...token].reverse().join('')"), guard: blind },
  {
    name: 'a page in UTF-16',
    edits: inPages("Buffer.from(token, 'utf16le').toString('latin1')"),
    guard: blind,
  },
  {
    name: 'a page in base64 of gzip',
    edits: inPages("zlib.gzipSync(token).toString('base64')", zlib),
    guard: blind,
  },
  {
    name: 'a page that is compressed with br',
    edits: withToken(
      "const send = res.send.bind(res); res.send = (body) => send.call(res.setHeader('Content-Encoding', 'br'), zlib.brotliCompressSync(body + token))",
      zlib,
    ),
    guard: blind,
  },
  {
    name: 'a page that is compressed with zstd',
    edits: withToken(
      "const send = res.send.bind(res); res.send = (body) => send.call(res.setHeader('Content-Encoding', 'zstd'), zlib.zstdCompressSync(body + token))",
      zlib,
    ),
    guard: blind,
  },
  {
    name: 'a page, in chunks of seven bytes',
    edits: withToken(
      'res.send = (body) => { const bytes = Buffer.from(token + body); for (let at = 0; at < bytes.length; at += 7) res.write(bytes.subarray(at, at + 7)); return res.end() }',
    ),
    guard: stops,
  },
  { name: 'the payload of the token alone in a page', edits: inPages("token.split('.')[1]"), guard: blind },
  {
    name: 'the identifier of the token (jti) alone in a page',
    edits: inPages("JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti"),
    guard: blind,
  },
  {
    name: 'the refresh token among the claims of the profile',
    edits: [
      [
        'bff/session/sessions.ts',
        '      claims,\n      expiresAt,',
        '      claims: { ...claims, refresh: row.record.grant.refreshToken },\n      expiresAt,',
      ],
      ['bff/pages/page-data.ts', 'userClaims(claims)', 'claims'],
    ],
    guard: stops,
  },
  {
    name: 'the ID token among the claims of the profile',
    edits: [
      [
        'bff/session/ticket-store.ts',
        'decodeJwt(data.id_token) as Claims',
        '{ ...decodeJwt(data.id_token), raw: data.id_token } as Claims',
      ],
      ['bff/pages/page-data.ts', 'userClaims(claims)', 'claims'],
    ],
    guard: blind,
  },
]
