import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

interface Certificate {
  readonly key: string
  readonly cert: string
}

/** A certificate for localhost that signs itself (RFC 5280), for an hour. */
export function selfSigned(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const content = unsigned(publicKey)
  const signature = bits(sign('sha256', content, privateKey))
  const cert = sequence(content, ecdsaWithSha256, signature).toString('base64')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${cert.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  }
}

function unsigned(publicKey: KeyObject): Buffer {
  const name = sequence(der(0x31, sequence(id('550403'), der(0x0c, 'localhost'))))
  const validity = sequence(time(Date.now() - 60_000), time(Date.now() + 3_600_000))
  const forLocalhost = sequence(id('551d11'), der(0x04, sequence(der(0x82, 'localhost'))))
  const isAuthority = sequence(id('551d13'), der(0x04, sequence(der(0x01, Buffer.of(0xff)))))
  return sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(forLocalhost, isAuthority)),
  )
}

function der(tag: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content)
  const size = bytes.length
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255]
  return Buffer.concat([Buffer.of(tag, ...length), bytes])
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts))
const id = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const bits = (bytes: Buffer) => der(0x03, Buffer.concat([Buffer.of(0), bytes]))
/** 20261124210500Z */
const time = (at: number) => der(0x18, new Date(at).toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, ''))
const ecdsaWithSha256 = sequence(id('2a8648ce3d040302'))
