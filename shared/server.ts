import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http'
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
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 60_000 }, app)
  server.on('clientError', answerParserError)
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

const parserErrors: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
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
  const reason = STATUS_CODES[status]
  const body = JSON.stringify({ message: reason })
  socket.end(
    [
      `HTTP/1.1 ${status} ${reason}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
      'Cross-Origin-Resource-Policy: same-origin',
      'Referrer-Policy: no-referrer',
      'X-Content-Type-Options: nosniff',
      'X-Frame-Options: DENY',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
