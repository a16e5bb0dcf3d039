import type { Server } from 'node:http'
import type { Registry } from 'prom-client'
import { lookUp } from './metrics.ts'
import { answerMyself } from './plain-answers.ts'
import { drain, listen } from './server.ts'

interface Address {
  readonly host: string
  readonly port: number
  readonly portSetting: string
}

/** Opens the port that Prometheus asks. `watched`: the program's own server. The result closes the port. */
export function serveMetrics(
  register: Registry,
  watched: Server,
  address: Address,
): Promise<() => Promise<void>> {
  watchConnections(register, watched)
  return answerMetrics(async () => register, address)
}

export function watchConnections(register: Registry, watched: Server): void {
  const name = 'http_server_connections'
  lookUp(register, { name, help: 'Open connections to the server' }, () => connectionsOf(watched))
}

/** The port alone, for what `gather` finds whenever somebody asks. */
export async function answerMetrics(
  gather: () => Promise<Registry>,
  address: Address,
): Promise<() => Promise<void>> {
  const server = await listen((req, res) => {
    if (req.method !== 'GET' || req.url?.split('?', 1)[0] !== '/metrics') return answerMyself(res, 404)
    const answer = async () => {
      const register = await gather()
      const text = await register.metrics()
      res.setHeader('Content-Type', register.contentType).end(text)
    }
    void answer().catch(() => answerMyself(res, 500))
  }, address)
  return () => drain(server, 1000)
}

const connectionsOf = (server: Server) =>
  new Promise<number>((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
