import { connect, type Socket } from 'node:net'

export interface Ended {
  /** Everything that came. */
  readonly text: string
  /** From the first byte to the end. */
  readonly seconds: number
}

/** A connection that is written byte by byte, from one of this machine's addresses; a reset is an end as well. */
export class Wire {
  readonly socket: Socket
  readonly ended: Promise<Ended>
  text = ''

  constructor(base: string, localAddress?: string) {
    const { hostname, port } = new URL(base)
    const startedAt = performance.now()
    this.socket = connect({ port: Number(port), host: hostname, ...(localAddress && { localAddress }) })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString()
    })
    this.ended = new Promise((resolve) => {
      this.socket.once('close', () => {
        resolve({ text: this.text, seconds: (performance.now() - startedAt) / 1000 })
      })
    })
  }

  /** A byte at a time, until the other side has had enough. */
  drip(text: string, milliseconds: number): this {
    let sent = 0
    const timer = setInterval(() => {
      if (this.socket.writable) this.socket.write(text.charAt(sent % text.length))
      sent += 1
    }, milliseconds)
    this.socket.once('close', () => clearInterval(timer))
    return this
  }
}
