import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import { z } from 'zod'
import { ApiError } from './api-error.ts'

const timeoutMilliseconds = 5000
/** After a failure the issuer is left alone for this long, so that an outage does not slow down each request. */
const pauseMilliseconds = 2000

const loopback = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?\//

export interface Keys {
  /**
   * The key that a token's header names. Throws jose's JWKSNoMatchingKey when the issuer has no such key, and
   * ApiError 503 when the issuer cannot be asked: an outage is no reason to call a token bad.
   */
  readonly keyOf: JWTVerifyGetKey
  /** Rejects with ApiError 503 while there are no keys. */
  ready(): Promise<void>
}

/** The issuer's keys: found by discovery, fetched once, kept, fetched again for an unknown key id. */
export function createKeys(issuer: string): Keys {
  let found: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined
  let failedAt = Number.NEGATIVE_INFINITY

  const remoteKeys = () => {
    found ??= discover(issuer).then(
      (address) => createRemoteJWKSet(address, { timeoutDuration: timeoutMilliseconds }),
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
        const last = (await found)?.jwks()
        if (!last) throw unreachable(error)
        return await createLocalJWKSet(last)(header, token).catch(() => {
          throw unreachable(error)
        })
      }
    },
    ready: async () => {
      try {
        const remote = await remoteKeys()
        if (!remote.jwks()) await remote.reload()
      } catch (error) {
        throw unreachable(error)
      }
    },
  }
}

function isNoSuchKey(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
}

function unreachable(cause: unknown): ApiError {
  const body = { message: 'Unable to verify credentials' }
  return new ApiError(503, "The issuer's keys cannot be had", { cause, body, retryAfter: 5 })
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
