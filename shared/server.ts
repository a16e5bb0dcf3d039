import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answerMyself, answerParserError } from './plain-answers.ts'

/** In bytes and milliseconds; docs/limits.md has what clients see of it. None is Node's default by chance. */
const limits = {
  /** Far above a browser's headers with every cookie of ours. */
  maxHeaderSize: 16_384,
  /** A client that sends its headers byte by byte holds a connection, but not for long. */
  headersTimeout: 10_000,
  /** The whole request: forms of a few kilobytes, also over a bad line. */
  requestTimeout: 30_000,
  /** How often the two are looked after; by default they could be overrun by half a minute. */
  connectionsCheckingInterval: 1000,
  /** Longer than the minute that reverse proxies keep one: who closes first must not be we, in the middle of a request. */
  keepAliveTimeout: 65_000,
  keepAliveTimeoutBuffer: 1000,
  /** Who vanished without a word is noticed, also when nothing is left to be said. */
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
}
/** Node leaves out what is above 2,000, without a word: the X-Forwarded-For that a proxy adds at the end, say. */
const maxHeaderLines = 100
/** Below the 20,000 open files that docs/limits.md asks for: what is left is for the API, the provider and the storage. */
const maxConnections = 15_000
/** How long nothing may move on a connection that waits for something: see onSilence. */
const silence = 20_000

interface Address {
  readonly host: string
  readonly port: number
  /** The setting to change when the port is taken. */
  readonly portSetting: string
}

export class PortInUseError extends Error {
  override readonly name = 'PortInUseError'
}

/** Opens the server's port. Throws PortInUseError when another program holds it. */
export async function listen(app: RequestListener, { host, port, portSetting }: Address): Promise<Server> {
  const answers = new WeakMap<Duplex, ServerResponse>()
  const server = createServer({ ...limits, requireHostHeader: false }, (req, res) => {
    answers.set(req.socket, res)
    res.on('timeout', () => onSilence(req.socket))
    if (req.rawHeaders.length > 2 * maxHeaderLines) answerMyself(res, 431)
    else if (isWellFormed(req)) app(req, res)
    else answerMyself(res, 400)
  })
  server.maxConnections = maxConnections
  // Of several processes on one port, one that is full would hand it on; when all are, they would do so without an end.
  Object.assign(server, { dropMaxConnection: true })
  server.timeout = silence
  server.on('clientError', (error, socket) => answerParserError(error, socket, answers.get(socket)))
  // Node's own answer to it, as to a missing Host header, has no body and none of the security headers.
  server.on('checkExpectation', (_req, res) => answerMyself(res, 417))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(
        taken
          ? new PortInUseError(`Port ${port} is in use; set ${portSetting} to a free port`, { cause: error })
          : error,
      )
    })
    server.listen(port, host, resolve)
  })
  return server
}

/**
 * Nothing has moved while an answer is under way. A client that does not read it is cut: what it does not fetch we
 * would have to keep. A stream that has nothing to say goes on. (With no answer under way Node closes by itself.)
 */
function onSilence(socket: Socket): void {
  if (socket.writableLength > 0) socket.destroy()
}

/** Takes no new connection, lets requests in flight finish for that long, then cuts the rest. */
export async function drain(server: Server, milliseconds: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), milliseconds)
  // A keep-alive connection that finishes its last answer now would otherwise stay open and hold the exit.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  await new Promise((resolve) => server.close(resolve))
  clearTimeout(cut)
  clearInterval(sweep)
}

/** HTTP/1.1 requires a Host header; and Express answers in HTML, past every handler, to an address that is none. */
function isWellFormed({ httpVersion, headers, url = '' }: IncomingMessage): boolean {
  if (httpVersion === '1.1' && headers.host === undefined) return false
  return url.startsWith('/') || url === '*' || URL.canParse(url)
}
