import type { IncomingMessage } from 'node:http'
import type { Request, RequestHandler } from 'express'
import { HttpError } from '../http-error.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * Refuses what two programs could read differently (RFC 9112 section 11), before anything looks at it: another reading
 * of the path by the API, by a reverse proxy or by a cache is how routes get reached that nobody has allowed.
 */
export function refuseAmbiguous(baseUrl: string): RequestHandler {
  const { host, port, protocol } = new URL(baseUrl)
  const hosts = port ? [host] : [host, `${host}:${protocol === 'https:' ? 443 : 80}`]
  return (req, _res, next) => {
    const problem = targetProblem(req.originalUrl) ?? headerProblem(req)
    if (problem) throw new HttpError(400, problem, { denial: 'ambiguous request' })
    if (!methods.includes(req.method)) {
      throw new HttpError(405, 'An unknown method', {
        allow: methods.join(', '),
        denial: 'ambiguous request',
      })
    }
    if (!hosts.includes(hostOf(req))) throw misdirected(baseUrl)
    next()
  }
}

/** Why an address says something else to some other program, or undefined. */
export function targetProblem(target: string): string | undefined {
  const path = target.split('?', 1)[0] ?? ''
  if (!path.startsWith('/')) return 'The target is not a path (absolute form, asterisk form)'
  if (!/^[\x21-\x7e]*$/.test(target)) return 'The target has characters that no address has'
  if (target.includes('#')) return 'The target has a fragment'
  if (path.includes('\\')) return 'The path has a backslash'
  if (path.includes('//')) return 'The path has an empty segment'
  if (path.includes(';')) return 'The path has parameters'
  if (/\/\.{1,2}(\/|$)/.test(path)) return 'The path has a dot segment'
  // Encoded slash, backslash, dot, semicolon, percent sign, control characters: what a second decoding brings to life.
  if (/%(2f|5c|2e|3b|25|7f|[01][\da-f])/i.test(path)) return 'The path has an encoded delimiter'
  try {
    decodeURIComponent(path)
  } catch {
    return 'The path is not encoded in UTF-8'
  }
  return undefined
}

function headerProblem({ headers, httpVersion, rawHeaders }: IncomingMessage): string | undefined {
  // Node's parser takes 0.9 and 2.0 as well, in which a body would end somewhere else, or a header mean nothing.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'An unknown version of HTTP'
  if (rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name)).length > 1) {
    return 'Two Host headers'
  }
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 'An unknown transfer coding'
  // Other upgrades are offers (h2c), which a server may leave alone.
  if (headers.upgrade?.toLowerCase().includes('websocket')) return 'Upgrades are refused'
  return undefined
}

/** What a trusted reverse proxy says in X-Forwarded-Host counts first (TRUST_PROXY). */
const hostOf = (req: Request) => String(req.host).toLowerCase()

/** A page at another name would have no cookies, and a link to it would be somebody else's. */
const misdirected = (baseUrl: string) =>
  new HttpError(421, 'A Host that is not ours', {
    denial: 'wrong host',
    problem: {
      title: 'Misdirected Request',
      text: `This gateway has another address: ${baseUrl}`,
      action: { href: baseUrl, label: 'Go there' },
    },
  })
