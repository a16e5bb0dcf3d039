import * as openid from 'openid-client'
import type { Tracing } from '../../shared/tracing.ts'
import type { Config } from '../config.ts'
import { HttpError } from '../http-error.ts'
import type { Meters } from '../metrics.ts'
import type { Tokens } from './session.ts'

/** What the session room needs of the identity provider after the login. */
export interface Provider {
  /** Undefined: the grant has ended (RFC 6749 section 5.2, invalid_grant). Throws HttpError 503 on outages. */
  refresh(refreshToken: string): Promise<Tokens | undefined>
  /** RFC 7009. Rejects when the provider does not confirm. */
  revoke(refreshToken: string): Promise<void>
  /** Where RP-initiated logout begins, if the provider has it. Rejects when it cannot be reached. */
  endSessionEndpoint(): Promise<string | undefined>
}

export interface WholeProvider extends Provider {
  /**
   * The origins that a form of ours may be redirected to: the issuer's, and those of its endpoints once they are known.
   * Asks for them in the background; the same list until there is another one.
   */
  formTargets(): readonly string[]
}

const timeoutSeconds = 5
/** Milliseconds between two questions for endpoints that nobody is waiting for. */
const askEvery = 5000

/** A gateway starts while its provider is down, and nobody waits for an answer that is not needed. */
export function createProvider(
  { issuer, clientId, clientSecret }: Config['provider'],
  meters?: Meters,
  tracing?: Tracing,
): WholeProvider {
  let discovered: Promise<openid.Configuration> | undefined
  let targets: readonly string[] = [new URL(issuer).origin]
  let lastAsked = Number.NEGATIVE_INFINITY
  const configuration = () => {
    discovered ??= discover()
    return discovered
  }
  const discover = async () => {
    const loopback = issuer.startsWith('http:') ? { execute: [openid.allowInsecureRequests] } : {}
    const authentication = openid.ClientSecretPost(clientSecret.reveal())
    try {
      const found = await openid.discovery(new URL(issuer), clientId, undefined, authentication, {
        timeout: timeoutSeconds,
        [openid.customFetch]: contact,
        ...loopback,
      })
      targets = originsOf(issuer, found.serverMetadata())
      return found
    } catch (error) {
      // A failure is not remembered: the next call asks again.
      discovered = undefined
      throw error
    }
  }

  /** All that is asked of the provider from here goes this way. */
  const contact: openid.CustomFetch = async (address, options) => {
    const call = tracing?.call(options.method, address)
    const startedAt = performance.now()
    const over = (isWell: boolean, outcome: unknown) => {
      meters?.contacted(isWell, (performance.now() - startedAt) / 1000)
      call?.end(outcome)
    }
    try {
      const answer = await fetch(address, options as RequestInit)
      over(answer.status < 500, answer.status)
      return answer
    } catch (error) {
      over(false, error)
      throw error
    }
  }

  return {
    refresh: async (refreshToken) => {
      const sentAt = Date.now()
      try {
        const answer = await openid.refreshTokenGrant(await configuration(), refreshToken)
        meters?.refreshed('refreshed')
        const seconds = answer.expires_in
        return {
          accessToken: answer.access_token,
          // A provider that does not rotate sends none; the old one stays good (RFC 6749 section 6).
          refreshToken: answer.refresh_token ?? refreshToken,
          expiresAt: seconds === undefined ? undefined : sentAt + seconds * 1000,
        }
      } catch (error) {
        const hasEnded = error instanceof openid.ResponseBodyError && error.error === 'invalid_grant'
        meters?.refreshed(hasEnded ? 'ended' : 'failed')
        if (hasEnded) return undefined
        throw new HttpError(503, 'The identity provider did not refresh the grant', {
          cause: error,
          retryAfter: 5,
        })
      }
    },
    revoke: async (refreshToken) => {
      await openid.tokenRevocation(await configuration(), refreshToken, { token_type_hint: 'refresh_token' })
    },
    endSessionEndpoint: async () => (await configuration()).serverMetadata().end_session_endpoint,
    formTargets: () => {
      if (!discovered && performance.now() - lastAsked >= askEvery) {
        lastAsked = performance.now()
        // Who needs the answer asks again, and reports what is wrong.
        configuration().catch(() => {})
      }
      return targets
    },
  }
}

/** Without what a Content-Security-Policy would read as something else, and http where the issuer has TLS. */
export function originsOf(
  issuer: string,
  metadata: Pick<openid.ServerMetadata, 'authorization_endpoint' | 'end_session_endpoint'>,
): string[] {
  const { protocol, origin } = new URL(issuer)
  const endpoints = [metadata.authorization_endpoint, metadata.end_session_endpoint]
  const origins = endpoints.flatMap((endpoint) => URL.parse(endpoint ?? '')?.origin ?? [])
  const isSource = (each: string) =>
    /^https?:\/\/[\w:.[\]-]+$/.test(each) && (each.startsWith('https:') || protocol === 'http:')
  return [...new Set([origin, ...origins.filter(isSource)])]
}
