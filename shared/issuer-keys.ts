import type { KeyObject } from 'node:crypto'
import { errors } from 'jose'
import { discoverKeySet, fetchKeySet, type KeySet } from './key-set.ts'
import type { Log } from './log.ts'

/**
 * Milliseconds between two fetches, whatever asks for one: unknown key ids, of which anybody can think of any number,
 * or the age of the set. Also how late the issuer's taking back of a key is noticed.
 */
const cooldown = 30_000
/** After a failure the issuer is left alone for this long, so that an outage does not slow down each request. */
const pause = 2000
/** How long keys are good while the issuer cannot be asked. */
const goodFor = 24 * 3600 * 1000

/** The issuer cannot be asked for its keys: no reason to call a token good or bad. */
export class KeysOutOfReachError extends Error {
  override readonly name = 'KeysOutOfReachError'
}

export interface IssuerKeys {
  /**
   * The key that a token's header names, fetched if need be; without a name the only key of the set. Throws jose's
   * JWKSNoMatchingKey when the issuer has no such key, KeysOutOfReachError when it cannot be asked.
   */
  readonly keyOf: (header: { readonly kid?: string | undefined }) => Promise<KeyObject>
  /** The key of that name if it is known and still good. Asks nobody, but sees to it that somebody does in time. */
  known(kid: string): KeyObject | undefined
  /** Rejects with KeysOutOfReachError while there are no keys. False: they are there, but the issuer is away. */
  ready(): Promise<boolean>
  /** Seconds since the keys were fetched. */
  ageSeconds(): number | undefined
}

/** The issuer's keys: found by discovery, fetched once for any number of requests, and kept while it is away. */
export function createIssuerKeys(issuer: string, log: Log): IssuerKeys {
  let address: string | undefined
  let set: KeySet | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  let failure: { readonly at: number; readonly error: KeysOutOfReachError } | undefined
  let fetching: Promise<void> | undefined

  async function ask(): Promise<void> {
    askedAt = performance.now()
    try {
      address ??= await discoverKeySet(issuer)
      set = await fetchKeySet(address, set)
      fetchedAt = performance.now()
      failure = undefined
    } catch (cause) {
      // It may have moved them.
      address = undefined
      const error = new KeysOutOfReachError("The issuer's keys cannot be had", { cause })
      failure = { at: performance.now(), error }
      if (good()) log.warn({ err: error }, 'the keys could not be fetched; the last ones stay good')
      throw error
    }
  }

  const refresh = () => {
    fetching ??= ask().finally(() => {
      fetching = undefined
    })
    return fetching
  }

  const good = () => (performance.now() - fetchedAt < goodFor ? set : undefined)
  const isPausing = () => failure !== undefined && performance.now() - failure.at < pause
  const mayAsk = () => !isPausing() && (failure !== undefined || performance.now() - askedAt >= cooldown)

  /** Who comes with a known key does not wait for the issuer. */
  function refreshInTime(): void {
    // What it fails with is in the log.
    if (!fetching && mayAsk()) refresh().catch(() => {})
  }

  function find(kid: string | undefined): KeyObject | undefined {
    const keys = good()
    if (kid !== undefined) return keys?.get(kid)
    return keys?.size === 1 ? keys.values().next().value : undefined
  }

  return {
    keyOf: async ({ kid }) => {
      const known = find(kid)
      if (known) {
        refreshInTime()
        return known
      }
      if (failure && isPausing()) throw failure.error
      if (fetching || mayAsk()) await refresh()
      else if (failure) throw failure.error
      const found = find(kid)
      if (!found) throw new errors.JWKSNoMatchingKey()
      return found
    },
    known: (kid) => {
      refreshInTime()
      return find(kid)
    },
    ready: async () => {
      if (good()) refreshInTime()
      else await refresh()
      return failure === undefined
    },
    ageSeconds: () => (set ? (performance.now() - fetchedAt) / 1000 : undefined),
  }
}
