import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { selfSigned } from '../test/support/certificate.ts'
import { freePorts } from '../test/support/ports.ts'

let certificate: ReturnType<typeof selfSigned> | undefined

/** One for all: of two that sign themselves under one name, only the first would be trusted. */
function ourCertificate(): NonNullable<typeof certificate> {
  if (!certificate) {
    certificate = selfSigned()
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), certificate.cert])
  }
  return certificate
}

/**
 * What stands in front of a gateway in production: it ends TLS and passes every byte on as it is, so that cookies,
 * HSTS and addresses are those of https.
 */
export class Front {
  /** Known only when the gateway has been started with our address as its own. */
  port = 0
  readonly url: string
  /** For the settings of programs that call us. */
  readonly certificateFile: string
  readonly #server: tls.Server
  readonly #sockets = new Set<{ destroy(): void }>()

  static async open(folder: string): Promise<Front> {
    const [port = 0] = await freePorts(1)
    const front = new Front(port, folder)
    await once(front.#server.listen(port, 'localhost'), 'listening')
    return front
  }

  private constructor(port: number, folder: string) {
    const certificate = ourCertificate()
    this.url = `https://localhost:${port}`
    this.certificateFile = join(folder, `front-${port}.pem`)
    writeFileSync(this.certificateFile, certificate.cert)
    this.#server = tls.createServer(certificate, (browser) => {
      const gateway = connect(this.port, 'localhost')
      for (const [socket, other] of [
        [browser, gateway],
        [gateway, browser],
      ] as const) {
        this.#sockets.add(socket)
        socket.on('error', () => other.destroy())
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.end()
        })
      }
      browser.pipe(gateway).pipe(browser)
    })
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy())
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
