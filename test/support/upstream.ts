import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Environment } from './program.ts'

/** What arrived at the API: the request, and its body once it is whole. */
export interface Arrived {
  readonly request: IncomingMessage
  body: string
}

/** Stands in the place of the API, writes down what arrives and answers as it is told. */
export class Upstream implements AsyncDisposable {
  readonly arrived: Arrived[] = []
  /** How often something came that is no request. */
  broken = 0
  answer: RequestListener = (_req, res) => {
    res.setHeader('Content-Type', 'application/json').end('{}')
  }
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const arrived = { request, body: '' }
      this.arrived.push(arrived)
      request.setEncoding('latin1').on('data', (chunk: string) => {
        arrived.body += chunk
      })
      this.answer(request, response)
    })
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      // One that was broken off is another matter.
      if (error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE') this.broken += 1
      socket.destroy()
    })
  }

  static async start(): Promise<Upstream> {
    const upstream = new Upstream()
    await once(upstream.#server.listen(0, '127.0.0.1'), 'listening')
    return upstream
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** For a gateway in front of it, with routes of each kind. */
  get settings(): Environment {
    return { API_SERVER_URL: `http://${this.host}`, API_ROUTES: join(import.meta.dirname, 'routes.json') }
  }

  last(): Arrived | undefined {
    return this.arrived.at(-1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
