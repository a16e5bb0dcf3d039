import { createCipheriv, createDecipheriv, createHmac, hash, hkdfSync, randomBytes } from 'node:crypto'

const formatVersion = 1
const idBytes = 4
const ivBytes = 12
const tagBytes = 16
const headBytes = 1 + idBytes

export interface Seal {
  /** The row's key: a ticket's hash, so that a stolen database holds no ticket. */
  keyOf(ticket: string): string
  /** What an index says, unreadable without the secret: one form for each secret of the ring, newest first. */
  indexesOf(text: string): string[]
  /** The holder is the ticket, or whatever else has to be known to open it again. */
  seal(holder: string, plain: string): Uint8Array
  /** Undefined: sealed with a secret that is no longer in the ring. Throws when the row was tampered with. */
  open(holder: string, sealed: Uint8Array): string | undefined
  /** Whether another secret than the newest has sealed it. */
  isOutdated(sealed: Uint8Array): boolean
}

/**
 * AES-256-GCM under HMAC(secret's key, holder): neither the database nor the secret alone opens a row.
 * `context` (issuer and client) and the holder's hash are authenticated along with it: a row that was moved to
 * another key, or made for another provider, does not open.
 * Layout: version (1 byte), secret's id (4), iv (12), tag (16), ciphertext.
 */
export function createSeal(secrets: readonly string[], context: string): Seal {
  // Once per start: an HMAC per row is a third of the price of HKDF per row.
  const ring = secrets.map((secret) => ({
    id: derive(secret, 'id', idBytes),
    key: derive(secret, 'session', 32),
    indexKey: derive(secret, 'index', 32),
  }))
  const [newest] = ring
  if (!newest) throw new Error('At least one secret is needed')

  const keyOf = (ticket: string) => hash('sha256', ticket, 'base64url')
  const rowKey = (key: Buffer, holder: string) => createHmac('sha256', key).update(holder).digest()
  const authenticated = (holder: string, head: Uint8Array) =>
    Buffer.concat([head, Buffer.from(`${keyOf(holder)} ${context}`)])

  return {
    keyOf,
    indexesOf: (text) =>
      ring.map(({ indexKey }) =>
        createHmac('sha256', indexKey).update(`${context} ${text}`).digest('base64url'),
      ),
    seal: (holder, plain) => {
      const head = Buffer.concat([Buffer.of(formatVersion), newest.id])
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', rowKey(newest.key, holder), iv)
      cipher.setAAD(authenticated(holder, head))
      const content = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return Buffer.concat([head, iv, cipher.getAuthTag(), content])
    },
    open: (holder, sealed) => {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      if (bytes.length < headBytes + ivBytes + tagBytes) throw new Error('A sealed row is too short')
      if (bytes[0] !== formatVersion) throw new Error('A sealed row has an unknown format')
      const head = bytes.subarray(0, headBytes)
      const secret = ring.find(({ id }) => id.equals(bytes.subarray(1, headBytes)))
      if (!secret) return undefined
      const iv = bytes.subarray(headBytes, headBytes + ivBytes)
      const tag = bytes.subarray(headBytes + ivBytes, headBytes + ivBytes + tagBytes)
      const decipher = createDecipheriv('aes-256-gcm', rowKey(secret.key, holder), iv, {
        authTagLength: tagBytes,
      })
      decipher.setAAD(authenticated(holder, head))
      decipher.setAuthTag(tag)
      const content = bytes.subarray(headBytes + ivBytes + tagBytes)
      return Buffer.concat([decipher.update(content), decipher.final()]).toString('utf8')
    },
    isOutdated: (sealed) => !newest.id.equals(sealed.subarray(1, headBytes)),
  }
}

function derive(secret: string, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `cloakroom ${purpose}`, length))
}
