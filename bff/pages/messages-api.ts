import type { Secret } from '../../shared/secret.ts'
import type { Tracing } from '../../shared/tracing.ts'
import { HttpError } from '../http-error.ts'

/** What the messages API said, whatever it said. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

export type FetchMessage = (
  path: string,
  request: { requestId: string; traceparent: string; accessToken?: Secret | undefined },
) => Promise<Answer>

const timeoutMilliseconds = 10_000
/** More bytes than any page would show, and levels of nesting whose indentation alone would be more than that. */
const largest = 5_000_000
const deepest = 100

/** GETs a message for a page. Throws HttpError 502 when the API gives no usable answer, 504 when it is slow. */
export function createMessagesApi(apiServerUrl: string, tracing: Tracing | undefined): FetchMessage {
  return async (path, { requestId, accessToken, ...trace }) => {
    const address = `${apiServerUrl}${path}`
    const call = tracing?.call('GET', address)
    const { traceparent } = call ?? trace
    const headers = new Headers({ accept: 'application/json', 'x-request-id': requestId, traceparent })
    if (accessToken) headers.set('authorization', `Bearer ${accessToken.reveal()}`)
    try {
      const response = await fetch(address, {
        headers,
        // A redirect would carry the token to wherever it points.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMilliseconds),
      })
      call?.end(response.status)
      const body: unknown = JSON.parse(await readText(response))
      if (isDeeper(body, deepest)) throw new Error('It is nested too deeply')
      return { status: response.status, body }
    } catch (error) {
      call?.end(error)
      const slow = error instanceof Error && error.name === 'TimeoutError'
      throw slow
        ? new HttpError(504, 'The messages API did not answer in time', { cause: error })
        : new HttpError(502, 'The messages API gave no usable answer', { cause: error })
    }
  }
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > largest) throw new Error('It is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}
