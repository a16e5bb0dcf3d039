import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Connection, type OnAnswer } from './proof/connection.ts'
import type { Side } from './proof/messages.ts'
import type { Seen } from './proof/seen.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/**
 * Stands in front of a program and writes down every byte, both ways, redirects' bodies included. Nobody should
 * notice: who ends or breaks a connection does so on the other side, and nothing is read faster than it is taken.
 */
export class Tap {
  readonly #connections = new Set<Connection>()
  #server: Server | undefined
  /** Of connections that are over. */
  #past = { request: 0, response: 0, notKept: 0, requests: 0 }
  readonly #onAnswer: OnAnswer | undefined

  constructor(onAnswer?: OnAnswer) {
    this.#onAnswer = onAnswer
  }

  /** Listens there and passes everything on. */
  async open(front: Address, behind: Address): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (browser) => {
      this.#relay(browser, behind)
    })
    await once(server.listen(front.port, front.host), 'listening')
    this.#server = server
  }

  /** Takes no new connection. Those that there are end as the program ends them. */
  close(): void {
    this.#server?.close()
    this.#server = undefined
  }

  /** What went through since the last time it was asked: header lines and bodies, each with its place. */
  take(): Seen[] {
    return [...this.#connections].flatMap((connection) => {
      const seen = connection.take()
      if (connection.isClosed) this.#forget(connection)
      return seen
    })
  }

  /** All that ever went through. */
  get counts() {
    const sum = { ...this.#past }
    for (const connection of this.#connections) add(sum, connection)
    return sum
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    add(this.#past, connection)
  }

  #relay(browser: Socket, behind: Address): void {
    const connection = new Connection(this.#onAnswer)
    this.#connections.add(connection)
    // A gateway sees from which address of this machine somebody comes.
    const from = browser.remoteAddress?.replace(/^::ffff:/, '')
    const isSeen = from?.startsWith('127.') && behind.host.startsWith('127.')
    const program = connect({ ...behind, allowHalfOpen: true, ...(isSeen && { localAddress: from }) })
    for (const socket of [browser, program]) socket.setNoDelay()
    const closed = () => {
      connection.isClosed = browser.closed && program.closed
    }
    this.#pass(browser, program, connection, 'request', closed)
    this.#pass(program, browser, connection, 'response', closed)
  }

  #pass(from: Socket, to: Socket, connection: Connection, side: Side, closed: () => void): void {
    from.on('data', (bytes: Buffer) => {
      connection.add(side, bytes)
      if (!to.write(bytes)) {
        from.pause()
        to.once('drain', () => from.resume())
      }
    })
    from.on('end', () => to.end())
    // What was sent before a reset arrives before it.
    from.on('error', () => to.write('', () => to.resetAndDestroy()))
    from.on('close', closed)
  }
}

function add(
  sum: { request: number; response: number; notKept: number; requests: number },
  one: Connection,
): void {
  sum.request += one.bytes.request
  sum.response += one.bytes.response
  sum.notKept += one.notKept
  sum.requests += one.requests
}
