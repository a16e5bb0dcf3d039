import http from 'node:http'
import https from 'node:https'
import type { OnReadOpts, Socket } from 'node:net'

/** The connections to the API, which are kept: of the proxied routes, and of the pages. */
export function createApiAgent(apiServerUrl: string, maxSockets: number): http.Agent {
  const { Agent } = apiServerUrl.startsWith('https:') ? https : http
  const options = {
    keepAlive: true,
    maxSockets,
    // Idle connections are dropped before the API drops them (Node servers do after 5 s): a request sent into a closing
    // connection is a 502 for nothing.
    timeout: 4000,
    onread,
  }
  // Handed on to net.connect and tls.connect, as all that an agent does not know itself.
  return new Agent(options)
}

/**
 * What comes is read into the same memory again and again, for all connections: Node's parser, which gets it at once,
 * copies what it keeps. By default each read has 64 kB of its own, which only the garbage collector takes back (decision 27).
 */
const onread: OnReadOpts = {
  buffer: Buffer.alloc(65_536),
  callback(this: Socket, size: number, buffer: Uint8Array) {
    this.emit('data', buffer.subarray(0, size))
    return true
  },
} as OnReadOpts
