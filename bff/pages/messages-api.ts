import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import https from 'node:https'
import { urlToHttpOptions } from 'node:url'
import type { Secret } from '../../shared/secret.ts'
import type { Tracing } from '../../shared/tracing.ts'
import { createApiAgent } from '../api-agent.ts'
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

/**
 * GETs a message for a page. Throws HttpError 502 when the API gives no usable answer, 504 when it is slow.
 * By Node's own client: with fetch a page takes twice as long.
 */
export function createMessagesApi(apiServerUrl: string, tracing: Tracing | undefined): FetchMessage {
  const { request } = apiServerUrl.startsWith('https:') ? https : http
  const agent = createApiAgent(apiServerUrl, 256)
  // Not as text, which would be parsed with every request.
  const { protocol, hostname, port } = urlToHttpOptions(new URL(apiServerUrl))

  /** The whole answer. A redirect is none: it would carry the token to wherever it points. */
  function get(path: string, headers: OutgoingHttpHeaders): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const asked = request({ agent, protocol, hostname, port, path, headers }, (answer) => {
        const { statusCode: status = 0 } = answer
        if (status >= 300 && status < 400) asked.destroy(new Error('It is a redirect'))
        readText(answer).then((text) => resolve({ status, text }), reject)
      })
      const late = setTimeout(() => asked.destroy(new TimeoutError()), timeoutMilliseconds)
      asked.on('close', () => clearTimeout(late)).on('error', reject)
      // Node would drop the connection without a word.
      asked.on('upgrade', (_answer, socket) => {
        socket.destroy()
        reject(new Error('It switched protocols'))
      })
      asked.end()
    })
  }

  return async (path, { requestId, accessToken, ...trace }) => {
    const call = tracing?.call('GET', `${apiServerUrl}${path}`)
    const { traceparent } = call ?? trace
    const authorization = accessToken && { authorization: `Bearer ${accessToken.reveal()}` }
    const headers = { accept: 'application/json', 'x-request-id': requestId, traceparent, ...authorization }
    try {
      const { status, text } = await get(path, headers)
      call?.end(status)
      const body: unknown = JSON.parse(text)
      if (isDeeper(body, deepest)) throw new Error('It is nested too deeply')
      return { status, body }
    } catch (error) {
      call?.end(error)
      throw error instanceof TimeoutError
        ? new HttpError(504, 'The messages API did not answer in time', { cause: error })
        : new HttpError(502, 'The messages API gave no usable answer', { cause: error })
    }
  }
}

class TimeoutError extends Error {}

/** Rejects also when the connection ends before the answer does. */
function readText(answer: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > largest) answer.destroy(new Error('It is too long'))
    })
    answer.on('end', () => resolve(Buffer.concat(chunks).toString()))
    answer.on('error', reject)
  })
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}
