import type { Environment } from '../program.ts'

/** Only Linux has more loopback addresses than one without being told. Elsewhere nothing is in between. */
export const canBeBehind = process.platform === 'linux'

/**
 * Where a program listens so that a tap can listen in its place: on the same port, which is part of the names of a
 * gateway's cookies, of another loopback address.
 */
export function behind({ HOST = 'localhost' }: Environment, port: number) {
  const last = /^127\.0\.0\.(\d+)$/.exec(HOST)?.[1] ?? '1'
  const own = { host: `127.77.0.${last}`, port }
  return { front: { host: HOST, port }, own, settings: { HOST: own.host } }
}
