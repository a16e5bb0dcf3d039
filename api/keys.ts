import { createIssuerKeys, type IssuerKeys, KeysOutOfReachError } from '../shared/issuer-keys.ts'
import { ApiError } from './api-error.ts'

/** The issuer's keys. While they are out of reach that is ApiError 503: an outage is no reason to call a token bad. */
export function createKeys(issuer: string): IssuerKeys {
  const keys = createIssuerKeys(issuer)
  return {
    keyOf: (header, token) => Promise.resolve(keys.keyOf(header, token)).catch(asApiError),
    ready: () => keys.ready().catch(asApiError),
  }
}

function asApiError(error: unknown): never {
  if (!(error instanceof KeysOutOfReachError)) throw error
  const body = { message: 'Unable to verify credentials' }
  throw new ApiError(503, error.message, { cause: error.cause, body, retryAfter: 5 })
}
