import { createPublicKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'

/** What a provider sends is read up to this many bytes: discovery documents have some 3 kB, sets of ten keys 20 kB. */
const largest = 256_000
const timeoutMilliseconds = 5000

/** The keys that can verify, by their key id. */
export type KeySet = ReadonlyMap<string, KeyObject>

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() })

/**
 * Where an issuer has its keys. OpenID Connect Discovery 1.0 section 4: the document has to be about the very issuer
 * that was asked for.
 */
export async function discoverKeySet(issuer: string): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const document = metadata.parse(await fetchJson(address))
  if (document.issuer !== issuer) throw new Error(`Discovery is about another issuer: ${document.issuer}`)
  const { protocol, origin } = new URL(document.jwks_uri)
  // An issuer without TLS is one on a developer's machine or network, and has its keys there.
  const isSafe = protocol === 'https:' || (issuer.startsWith('http:') && origin === new URL(issuer).origin)
  if (!isSafe) throw new Error('The keys would come over an unprotected connection')
  return document.jwks_uri
}

const keySet = z.object({ keys: z.array(z.unknown()) })

/**
 * A public RSA key of 2048 bits or more: shorter ones RS256 forbids (RFC 7518 section 3.3). Not of more than 8192, nor
 * with an exponent of more than 32 bits: each signature would keep the program busy.
 */
const usableKey = z.object({
  kty: z.literal('RSA'),
  kid: z.string().min(1),
  n: z.base64url().min(342).max(1366),
  e: z.base64url().min(1).max(6),
  d: z.never().optional(),
  use: z.literal('sig').optional(),
  alg: z.literal('RS256').optional(),
  key_ops: z
    .array(z.string())
    .refine((uses) => uses.includes('verify'))
    .optional(),
})

/**
 * Fetches a key set. What cannot verify is left out, and so are two keys of one name, of which nobody could say which
 * is meant. A key that `last` had as well is the same object.
 */
export async function fetchKeySet(address: string, last: KeySet | undefined): Promise<KeySet> {
  const { keys } = keySet.parse(await fetchJson(address))
  const usable = keys.flatMap((key) => usableKey.safeParse(key).data ?? [])
  const names = keys.flatMap((key) => z.object({ kid: z.string() }).safeParse(key).data?.kid ?? [])
  const set = new Map<string, KeyObject>()
  for (const { kid, n, e } of usable) {
    const key = readKey(n, e)
    if (!key || names.indexOf(kid) !== names.lastIndexOf(kid)) continue
    const known = last?.get(kid)
    set.set(kid, known?.equals(key) ? known : key)
  }
  return set
}

function readKey(n: string, e: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
  } catch {
    return undefined
  }
}

async function fetchJson(address: string): Promise<unknown> {
  const response = await fetch(address, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMilliseconds),
    headers: { accept: 'application/json' },
  })
  if (!response.ok) throw new Error(`The issuer answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  // What was packed counts with the size that it has unpacked.
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > largest) throw new Error(`The issuer sent more than ${largest} bytes`)
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString())
}
