import { randomUUID } from 'node:crypto'
import { BlockList, isIPv6 } from 'node:net'
import type { RequestHandler } from 'express'
import type { Log } from '../shared/log.ts'
import { type RequestTrace, traceOf } from '../shared/trace-context.ts'

declare global {
  namespace Express {
    interface Locals {
      requestId: string
      trace: RequestTrace
    }
  }
}

/**
 * One line per request, at its end; the path without its query, where clients sometimes put tokens. A gateway's request
 * id and trace are taken over, so that its lines and ours can be laid side by side; nobody else's, who could confuse them.
 */
export function requestLog(log: Log, trustGateway: readonly string[]): RequestHandler {
  const isGateway = oneOf(trustGateway)
  return (req, res, next) => {
    const { 'x-request-id': given, traceparent } = req.headers
    const isTrusted =
      (given !== undefined || traceparent !== undefined) && isGateway(req.socket.remoteAddress)
    const isTaken = isTrusted && typeof given === 'string' && /^[\w-]{8,64}$/.test(given)
    const requestId = isTaken ? given : randomUUID()
    const startedAt = performance.now()
    const trace = traceOf(isTrusted ? traceparent : undefined, requestId)
    const { traceId } = trace
    res.locals.requestId = requestId
    res.locals.trace = trace
    res.setHeader('X-Request-Id', requestId)
    const { method, path } = req
    res.on('close', () => {
      const milliseconds = Math.round(performance.now() - startedAt)
      const { caller } = res.locals
      log.info({ requestId, traceId, method, path, status: res.statusCode, milliseconds, caller }, 'request')
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
