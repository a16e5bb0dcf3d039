import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { Duplex } from 'node:stream'

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
  const options = { headersTimeout: 10_000, requestTimeout: 60_000, requireHostHeader: false }
  const server = createServer(options, (req, res) => {
    if (isWellFormed(req)) app(req, res)
    else answerMyself(res, 400)
  })
  server.on('clientError', answerParserError)
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

const parserErrors: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** An answer that no application gives. */
function plainAnswer(status: number) {
  const body = JSON.stringify({ message: STATUS_CODES[status] })
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    Connection: 'close',
  }
  return { body, headers }
}

function answerMyself(res: ServerResponse, status: number): void {
  const { body, headers } = plainAnswer(status)
  res.writeHead(status, headers).end(body)
}

/**
 * A request that Node's parser refuses never reaches the application: without this it would get an answer
 * with no body and none of the security headers.
 */
function answerParserError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = parserErrors[error.code ?? ''] ?? 400
  const { body, headers } = plainAnswer(status)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
}
