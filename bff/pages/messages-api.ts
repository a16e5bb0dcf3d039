import { HttpError } from '../http-error.ts'

/** What the messages API said, whatever it said. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

export type FetchMessage = (
  path: string,
  request: { requestId: string; accessToken?: string },
) => Promise<Answer>

const timeoutMilliseconds = 10_000

/** GETs a message for a page. Throws HttpError 502 when the API gives no usable answer, 504 when it is slow. */
export function createMessagesApi(apiServerUrl: string): FetchMessage {
  return async (path, { requestId, accessToken }) => {
    const headers = new Headers({ accept: 'application/json', 'x-request-id': requestId })
    if (accessToken !== undefined) headers.set('authorization', `Bearer ${accessToken}`)
    try {
      const response = await fetch(`${apiServerUrl}${path}`, {
        headers,
        // A redirect would carry the token to wherever it points.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMilliseconds),
      })
      const text = await response.text()
      // An API that echoes what it was sent must not get it into a page.
      if (accessToken !== undefined && text.includes(accessToken)) throw new Error('It sent the token back')
      return { status: response.status, body: JSON.parse(text) }
    } catch (error) {
      const slow = error instanceof Error && error.name === 'TimeoutError'
      throw slow
        ? new HttpError(504, 'The messages API did not answer in time', { cause: error })
        : new HttpError(502, 'The messages API gave no usable answer', { cause: error })
    }
  }
}
