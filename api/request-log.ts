import { randomUUID } from 'node:crypto'
import { BlockList, isIPv6 } from 'node:net'
import type { RequestHandler } from 'express'
import type { Log } from '../shared/log.ts'

declare global {
  namespace Express {
    interface Locals {
      requestId: string
    }
  }
}

/**
 * One line per request, at its end; the path without its query, where clients sometimes put tokens. A gateway's request
 * id is taken over, so that its lines and ours can be laid side by side; nobody else's, who could confuse them with it.
 */
export function requestLog(log: Log, trustGateway: readonly string[]): RequestHandler {
  const isGateway = oneOf(trustGateway)
  return (req, res, next) => {
    const given = req.headers['x-request-id']
    const isTaken =
      typeof given === 'string' && /^[\w-]{8,64}$/.test(given) && isGateway(req.socket.remoteAddress)
    const requestId = isTaken ? given : randomUUID()
    const startedAt = performance.now()
    res.locals.requestId = requestId
    res.setHeader('X-Request-Id', requestId)
    const { method, path } = req
    res.on('close', () => {
      const milliseconds = Math.round(performance.now() - startedAt)
      const { caller } = res.locals
      log.info({ requestId, method, path, status: res.statusCode, milliseconds, caller }, 'request')
    })
    next()
  }
}

function oneOf(addresses: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList()
  for (const each of addresses) {
    const [address = '', bits] = each.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address = '') => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
