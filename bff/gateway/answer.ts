import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import { HttpError } from '../http-error.ts'
import { answerHeaders } from './headers.ts'
import type { Route } from './routes.ts'

/** A request that was sent to the API. */
export interface Exchange {
  readonly route: Route
  /** Is told the status that the API has answered with. */
  readonly answered: (status: number) => void
  /** Ends the request with an error's answer, or cuts the connection when the answer has begun. */
  readonly fail: (error: Error) => void
  /** Whether the session it belongs to still is one; asked while an event stream is open. */
  readonly isOver: () => Promise<boolean>
}

export const events = 'text/event-stream'
/** Milliseconds that an event stream may say nothing, and how often its session is looked at. */
const silenceOfEvents = 120_000
const lookEvery = 5000

/** Sends the API's answer down, or a 502 in the place of what the browser must not get. */
export function sendAnswer(answer: IncomingMessage, res: Response, exchange: Exchange): void {
  const reason = whyNot(answer, exchange, res.req.method)
  if (reason !== undefined) {
    // Not destroyed: the proxy would take the browser's connection along. It is when our own answer is out.
    answer.resume()
    exchange.fail(new HttpError(502, reason))
    return
  }
  res.status(answer.statusCode ?? 502)
  for (const [name, value] of answerHeaders(answer.headers)) res.setHeader(name, value)
  // It has no body, and somebody in between might wait for one (RFC 9110 section 8.6).
  if (answer.statusCode === 204) res.removeHeader('Content-Length')
  const isStream = typeOf(answer) === events
  if (isStream) {
    answer.setTimeout(silenceOfEvents)
    // nginx would wait for its buffer to be full.
    res.setHeader('X-Accel-Buffering', 'no').flushHeaders()
  }
  answer.pipe(res)
  if (isStream && exchange.route.token === 'visitor') {
    const look = setInterval(() => {
      void exchange.isOver().then((isOver) => isOver && answer.unpipe(res) && res.end())
    }, lookEvery)
    res.on('close', () => clearInterval(look))
  }
}

function whyNot(answer: IncomingMessage, { route }: Exchange, method: string): string | undefined {
  const { statusCode: status = 0, headers } = answer
  // To an inner address, or to wherever somebody makes the API say.
  if (status >= 300 && status < 400) return 'The API answered with a redirect'
  if (headers['content-encoding'] !== undefined)
    return 'The API compressed its answer, which nobody asked for'
  const isEmpty = status === 204 || headers['content-length'] === '0' || method === 'HEAD'
  const type = typeOf(answer)
  if (isEmpty && type === '') return undefined
  // A page or a picture would be one of our own origin.
  return route.answers.includes(type) ? undefined : `The API answered with ${type || 'no media type'}`
}

/** A list is left whole, and so none that a route may answer with: browsers take the last of it, we the first. */
const typeOf = ({ headers: { 'content-type': value = '' } }: IncomingMessage) =>
  (value.includes(',') ? value : value.replace(/;.*/, '')).trim().toLowerCase()
