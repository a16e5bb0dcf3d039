import { isAscii } from 'node:buffer'
import { brotliDecompressSync, constants, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'

const maxOutputLength = 256_000_000
/** What is cut off is read as far as it goes. */
const cut = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength }
const methods: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => inflateRawSync(bytes.subarray(gzipHead(bytes)), cut),
  deflate: (bytes) => inflateSync(bytes, cut),
  'raw deflate': (bytes) => inflateRawSync(bytes, cut),
  br: (bytes) =>
    brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength }),
  zstd: (bytes) =>
    zstdDecompressSync(bytes, {
      finishFlush: constants.ZSTD_e_flush,
      maxOutputLength,
    }),
}

/** RFC 1952 section 2.3. What stands behind the data is no concern of raw deflate. */
function gzipHead(bytes: Buffer): number {
  const flags = bytes[3] ?? 0
  let end = 10
  if (flags & 4) end += 2 + (bytes[end] ?? 0) + 256 * (bytes[end + 1] ?? 0)
  for (const flag of [8, 16]) if (flags & flag) end = bytes.indexOf(0, end) + 1
  return flags & 2 ? end + 2 : end
}

/** What the bytes are compressed from; nothing if they are not. */
export function decompress(method: string, bytes: Buffer): Buffer | undefined {
  try {
    const text = methods[method]?.(bytes)
    return text?.length ? text : undefined
  } catch {
    return undefined
  }
}

/** A body as its Content-Encoding says. Some servers mean the raw kind by deflate. */
export function decodeContent(encodings: string, body: Buffer): Buffer {
  let decoded = body
  for (const encoding of encodings
    .toLowerCase()
    .split(/\s*,\s*/)
    .toReversed()) {
    const method = encoding.replace(/^x-/, '')
    decoded =
      decompress(method, decoded) ??
      (method === 'deflate' ? decompress('raw deflate', decoded) : undefined) ??
      decoded
  }
  return decoded
}

/** With which bytes compressed data begins: gzip, zlib, zstd. Brotli and raw deflate begin with anything. */
export const beginnings = '\x1f\x8b\x08|x[\x01\x5e\x9c\xda]|\\(\xb5\x2f\xfd'
const magic = new RegExp(beginnings, 'g')
const names: Readonly<Record<string, string>> = { '\x1f': 'gzip', x: 'deflate', '(': 'zstd' }

/** Compressed data anywhere among other bytes. */
export function members(bytes: Buffer): (readonly [how: string, bytes: Buffer])[] {
  return [...bytes.toString('latin1').matchAll(magic)].slice(0, 200).flatMap(({ 0: first, index }) => {
    const how = names[first.charAt(0)] ?? ''
    const inside = decompress(how, bytes.subarray(index))
    return inside ? [[how, inside] as const] : []
  })
}

/** Data of the two kinds without a beginning of their own, if it is that from its first byte. */
export function headless(bytes: Buffer): (readonly [how: string, bytes: Buffer])[] {
  if (bytes.length < 24 || isAscii(bytes)) return []
  return ['br', 'raw deflate'].flatMap((how) => {
    const inside = decompress(how, bytes)
    return inside ? [[how, inside] as const] : []
  })
}
