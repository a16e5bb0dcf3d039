import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose'
import { z } from 'zod'

const timeoutMilliseconds = 5000
/** After a failure the issuer is left alone for this long, so that an outage does not slow down each request. */
const pauseMilliseconds = 2000

const loopback = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?\//

/** The issuer cannot be asked for its keys: no reason to call a token good or bad. */
export class KeysOutOfReachError extends Error {
  override readonly name = 'KeysOutOfReachError'
}

export interface IssuerKeys {
  /**
   * The key that a token's header names. Throws jose's JWKSNoMatchingKey when the issuer has no such key,
   * KeysOutOfReachError when it cannot be asked.
   */
  readonly keyOf: JWTVerifyGetKey
  /** Rejects with KeysOutOfReachError while there are no keys. */
  ready(): Promise<void>
}

/** The issuer's keys: found by discovery, fetched once, kept, fetched again for an unknown key id. */
export function createIssuerKeys(issuer: string): IssuerKeys {
  let found: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined
  let remote: Awaited<typeof found>
  let failedAt = Number.NEGATIVE_INFINITY

  const remoteKeys = () => {
    found ??= discover(issuer).then(
      (address) => {
        remote = createRemoteJWKSet(address, {
          timeoutDuration: timeoutMilliseconds,
          [customFetch]: fetchUsableKeys,
        })
        return remote
      },
      (error) => {
        // A failure is not remembered: one failed discovery must not refuse tokens until a restart.
        found = undefined
        throw error
      },
    )
    return found
  }

  async function fetchedKey(...[header, token]: Parameters<JWTVerifyGetKey>) {
    if (performance.now() - failedAt < pauseMilliseconds)
      throw new Error('The issuer did not answer a moment ago')
    try {
      return await (await remoteKeys())(header, token)
    } catch (error) {
      if (!isNoSuchKey(error)) failedAt = performance.now()
      throw error
    }
  }

  return {
    keyOf: async (header, token) => {
      try {
        return await fetchedKey(header, token)
      } catch (error) {
        if (isNoSuchKey(error)) throw error
        // The keys that were fetched last go on being good while the issuer is away.
        // Not by way of the promise: somebody may be asking again, and whoever comes meanwhile need not wait.
        const last = remote?.jwks()
        if (!last) throw outOfReach(error)
        return await createLocalJWKSet(last)(header, token).catch(() => {
          throw outOfReach(error)
        })
      }
    },
    ready: async () => {
      try {
        const keys = await remoteKeys()
        if (!keys.jwks()) await keys.reload()
      } catch (error) {
        throw outOfReach(error)
      }
    },
  }
}

function isNoSuchKey(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
}

const outOfReach = (cause: unknown) => new KeysOutOfReachError("The issuer's keys cannot be had", { cause })

const keySet = z.object({ keys: z.array(z.unknown()) })
/** A public RSA key of 2048 bits or more: shorter ones RS256 forbids (RFC 7518 section 3.3). */
const usableKey = z.object({
  kty: z.literal('RSA'),
  n: z.base64url().min(342),
  e: z.base64url().min(1),
  d: z.never().optional(),
})

/**
 * The key set without the keys that cannot verify. jose would fail over such a key with an error that looks
 * like an outage or a bug of ours, whenever somebody's token names it.
 */
const fetchUsableKeys: FetchImplementation = async (address, options) => {
  const response = await fetch(address, options)
  if (!response.ok) return response
  const { keys } = keySet.parse(await response.json())
  return Response.json({ keys: keys.filter((key) => usableKey.safeParse(key).success) })
}

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() })

/** OpenID Connect Discovery 1.0 section 4: the document has to be about the very issuer we asked for. */
async function discover(issuer: string): Promise<URL> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await fetch(address, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMilliseconds),
  })
  if (!response.ok) throw new Error(`Discovery answered ${response.status}`)
  const document = metadata.parse(await response.json())
  if (document.issuer !== issuer) throw new Error(`Discovery is about another issuer: ${document.issuer}`)
  if (!document.jwks_uri.startsWith('https://') && !loopback.test(document.jwks_uri)) {
    throw new Error('The keys would come over an unprotected connection')
  }
  return new URL(document.jwks_uri)
}
