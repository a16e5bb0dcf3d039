import type { Environment } from '../program.ts'

/** Only Linux has more loopback addresses than one without being told. Elsewhere nothing is in between. */
export const canBeBehind = process.platform === 'linux'

/**
 * Where a gateway listens so that a tap can listen in its place: on the same port, which is part of the names of its
 * cookies, of another loopback address.
 */
export function behind({ HOST = 'localhost', BFF_PORT = '4040' }: Environment) {
  const last = /^127\.0\.0\.(\d+)$/.exec(HOST)?.[1] ?? '1'
  const own = { host: `127.77.0.${last}`, port: Number(BFF_PORT) }
  return { front: { host: HOST, port: Number(BFF_PORT) }, own, settings: { HOST: own.host } }
}
