import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'

const formatVersion = 1
const idBytes = 4
const ivBytes = 12
const tagBytes = 16
const headBytes = 1 + idBytes

export interface Seal {
  /** The row's key: a ticket's hash, so that a stolen database holds no ticket. */
  keyOf(ticket: string): string
  seal(ticket: string, plain: string): Uint8Array
  /** Undefined: sealed with a secret that is no longer in the ring. Throws when the row was tampered with. */
  open(ticket: string, sealed: Uint8Array): string | undefined
}

/**
 * AES-256-GCM under HMAC(secret's key, ticket): neither the database nor the secret alone opens a row.
 * `context` (issuer and client) and the row's key are authenticated along with it: a row that was moved to
 * another key, or made for another provider, does not open.
 * Layout: version (1 byte), secret's id (4), iv (12), tag (16), ciphertext.
 */
export function createSeal(secrets: readonly string[], context: string): Seal {
  // Once per start: an HMAC per row is a third of the price of HKDF per row.
  const ring = secrets.map((secret) => ({
    id: derive(secret, 'id', idBytes),
    key: derive(secret, 'session', 32),
  }))
  const [newest] = ring
  if (!newest) throw new Error('At least one secret is needed')

  const keyOf = (ticket: string) => createHash('sha256').update(ticket).digest('base64url')
  const rowKey = (key: Buffer, ticket: string) => createHmac('sha256', key).update(ticket).digest()
  const authenticated = (ticket: string, head: Uint8Array) =>
    Buffer.concat([head, Buffer.from(`${keyOf(ticket)} ${context}`)])

  return {
    keyOf,
    seal: (ticket, plain) => {
      const head = Buffer.concat([Buffer.of(formatVersion), newest.id])
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', rowKey(newest.key, ticket), iv)
      cipher.setAAD(authenticated(ticket, head))
      const content = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return Buffer.concat([head, iv, cipher.getAuthTag(), content])
    },
    open: (ticket, sealed) => {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      if (bytes.length < headBytes + ivBytes + tagBytes) throw new Error('A sealed row is too short')
      if (bytes[0] !== formatVersion) throw new Error('A sealed row has an unknown format')
      const head = bytes.subarray(0, headBytes)
      const secret = ring.find(({ id }) => id.equals(bytes.subarray(1, headBytes)))
      if (!secret) return undefined
      const iv = bytes.subarray(headBytes, headBytes + ivBytes)
      const tag = bytes.subarray(headBytes + ivBytes, headBytes + ivBytes + tagBytes)
      const decipher = createDecipheriv('aes-256-gcm', rowKey(secret.key, ticket), iv, {
        authTagLength: tagBytes,
      })
      decipher.setAAD(authenticated(ticket, head))
      decipher.setAuthTag(tag)
      const content = bytes.subarray(headBytes + ivBytes + tagBytes)
      return Buffer.concat([decipher.update(content), decipher.final()]).toString('utf8')
    },
  }
}

function derive(secret: string, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `cloakroom ${purpose}`, length))
}
