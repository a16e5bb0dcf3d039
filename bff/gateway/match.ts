import type { IncomingHttpHeaders } from 'node:http'
import { HttpError } from '../http-error.ts'
import type { Route } from './routes.ts'

export interface ApiRequest {
  readonly method: string
  /** Path and query, as they came. */
  readonly target: string
  readonly headers: Pick<IncomingHttpHeaders, 'content-type' | 'content-length' | 'transfer-encoding'>
}

/** The one route that a request may take. Throws HttpError with the status and the reason when there is none. */
export type Match = (request: ApiRequest) => Route

export function createMatch(routes: readonly Route[]): Match {
  // What a placeholder is called says nothing of which path it is.
  const byPath = Map.groupBy(routes, ({ path }) => path.replaceAll(/:\w+/g, ':id'))
  // Where a path with a placeholder says the same as one without, the one without counts.
  const patterns = [...byPath]
    .filter(([path]) => path.includes(':'))
    .map(([path, rows]) => [pattern(path), rows] as const)
  return ({ method, target, headers }) => {
    const [path = ''] = target.split('?', 1)
    const rows = byPath.get(path) ?? patterns.find(([each]) => each.test(path))?.[1]
    if (!rows || path.includes(':')) throw new HttpError(404, 'Not in the route table')
    // HEAD is GET without the body of the answer.
    const route = rows.find((each) => each.method === (method === 'HEAD' ? 'GET' : method))
    if (!route) throw new HttpError(405, 'Not a method of this route', { allow: allowed(rows) })
    checkQuery(route, target.slice(path.length + 1))
    checkBody(route, headers)
    return route
  }
}

const pattern = (path: string) =>
  new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[\\w-]+')}$`)

const allowed = (rows: readonly Route[]) =>
  rows.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')

function checkQuery(route: Route, query: string): void {
  // To some programs it is a second &.
  if (query.includes(';')) throw new HttpError(400, 'A query with a semicolon')
  for (const name of new URLSearchParams(query).keys()) {
    if (!route.query.includes(name))
      throw new HttpError(400, 'A query with a name that the route does not have')
  }
}

function checkBody({ body }: Route, headers: ApiRequest['headers']): void {
  const length = Number(headers['content-length'] ?? 0)
  if (headers['transfer-encoding'] === undefined && length === 0) return
  // On GET it has no meaning (RFC 9110 section 9.3.1), and without its framing headers it would be read as the next
  // request on the connection to the API.
  if (!body) throw new HttpError(400, 'A body on a route that takes none')
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (!body.types.includes(type)) throw new HttpError(415, 'A body of a type that the route does not take')
  if (length > body.limit) throw new HttpError(413, 'A body over the limit of the route')
}
