import { connect } from 'node:net'
import tls from 'node:tls'

/** Sends exactly these bytes; all that comes until the other side closes, or has been silent for 5 seconds. */
export function exchange(base: string, text: string): Promise<string> {
  const { hostname, port, protocol } = new URL(base)
  const secure = protocol === 'https:'
  const to = { host: hostname, port: Number(port) || (secure ? 443 : 80) }
  const socket = secure ? tls.connect({ ...to, servername: hostname }) : connect(to)
  return new Promise((resolve, reject) => {
    let received = ''
    socket.setTimeout(5000, () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
    })
    // A reset is an answer too, unless nobody was there.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => resolve(received))
    socket.write(text)
  })
}
