import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

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
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    Connection: 'close',
  }
  return { body, headers }
}

export function answerMyself(res: ServerResponse, status: number): void {
  const { body, headers } = plainAnswer(status)
  res.writeHead(status, headers).end(body)
}

/**
 * A request that Node's parser refuses never reaches the application: without this it would get an answer
 * with no body and none of the security headers.
 */
export function answerParserError(error: NodeJS.ErrnoException, socket: Duplex, last?: ServerResponse): void {
  // In the middle of an answer, or behind the one to this very request, it would be taken for a part of that.
  const isAnswered = last?.headersSent && !(last.writableFinished && last.req.complete)
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswered) {
    socket.destroy()
    return
  }
  const status = parserErrors[error.code ?? ''] ?? 400
  const { body, headers } = plainAnswer(status)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
}
