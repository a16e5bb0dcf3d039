import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Seen } from './recording.ts'

interface Stream {
  readonly direction: 'to the browser' | 'to the gateway'
  readonly chunks: Buffer[]
}

/** Stands between browser and gateway and writes down every byte, both ways, redirects' bodies included. */
export class Tap {
  /** The gateway's port; known only when it has been started with the tap's address as its own. */
  target = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #streams: Stream[] = []

  static async open(): Promise<Tap> {
    const tap = new Tap()
    tap.#server.listen(0, 'localhost')
    await once(tap.#server, 'listening')
    return tap
  }

  private constructor() {
    this.#server = createServer((browser) => {
      const gateway = connect(this.target, 'localhost')
      this.#relay(browser, gateway, 'to the gateway')
      this.#relay(gateway, browser, 'to the browser')
    })
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  /** What went through since the last time it was asked: header lines and bodies, each with its place. */
  take(): Seen[] {
    const streams = this.#streams
    this.#streams = []
    return streams.flatMap(({ direction, chunks }) => {
      // Without the lengths of HTTP's chunks, between which a token could hide in two halves.
      const text = Buffer.concat(chunks)
        .toString('utf8')
        .replace(/\r\n[0-9a-f]{1,8}\r\n/gi, '\r\n')
      return text
        .split('\r\n')
        .filter(Boolean)
        .map((line) => ({ where: `${direction}: ${placeOf(line)}`, text: line }))
    })
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #relay(from: Socket, to: Socket, direction: Stream['direction']): void {
    this.#sockets.add(from)
    let stream: Stream | undefined
    from.on('data', (chunk: Buffer) => {
      if (!stream || !this.#streams.includes(stream)) {
        stream = { direction, chunks: [] }
        this.#streams.push(stream)
      }
      stream.chunks.push(chunk)
      to.write(chunk)
    })
    from.on('end', () => to.end())
    from.on('error', () => to.destroy())
    from.on('close', () => this.#sockets.delete(from))
  }
}

/** `cookie login-1-4040`, `location`, `GET /callback`, or `body`. */
function placeOf(line: string): string {
  const [, method, path] = /^([A-Z]+) (\/[^ ?]*)\S* HTTP\/1\.1$/.exec(line) ?? []
  if (method) return `${method} ${path}`
  const [, name, cookie] = /^([\w-]+): ?([\w-]+=)?/.exec(line) ?? []
  if (!name) return 'body'
  return name.toLowerCase() === 'set-cookie' ? `set-cookie ${cookie?.slice(0, -1)}` : name.toLowerCase()
}
