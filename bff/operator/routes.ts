import type { Config } from '../config.ts'
import { targetProblem } from '../edge/request-target.ts'
import { createMatch } from '../gateway/match.ts'
import { type Route, readRoutes } from '../gateway/routes.ts'
import { HttpError } from '../http-error.ts'
import { BadUsageError } from './usage.ts'

const usage = `Usage, with the settings of the gateway:
  npm run routes                   the routes of the API that browsers may use
  npm run routes -- METHOD TARGET  what would become of a request, and why
TARGET is path and query as a client sends them, for example /api/messages/public`

/** What goes through to the API. Throws BadUsageError, and SettingsError for a table that is none. */
export function runRoutes(args: readonly string[], { apiRoutes, apiServerUrl }: Config): string {
  const routes = readRoutes(apiRoutes)
  const [method, target, ...rest] = args
  if (method === undefined) return table(routes, apiServerUrl)
  if (target === undefined || rest.length > 0) throw new BadUsageError(usage)
  return explain(method.toUpperCase(), target, routes, apiServerUrl)
}

function table(routes: readonly Route[], apiServerUrl: string): string {
  const rows = routes.map(({ method, path, token, query, body, answers }) => [
    method,
    path,
    token === 'visitor' ? "visitor's" : 'none',
    query.join(', ') || 'none',
    body ? `${body.types.join(', ')}, ${body.limit} bytes` : 'none',
    answers.join(', '),
  ])
  const all = [['method', 'path', 'token', 'query', 'body', 'answers'], ...rows]
  const widths = all[0]?.map((_name, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [...lines, '', `All of them at ${apiServerUrl}. Everything else below /api is 404.`].join('\n')
}

/** By the functions that judge requests. */
function explain(method: string, target: string, routes: readonly Route[], apiServerUrl: string): string {
  const problem = targetProblem(target)
  if (problem) return `400. ${problem}. Nothing else looks at the request.`
  if (!/^\/api([/?]|$)/.test(target))
    return 'Not below /api: a page, a login route or an asset, or 404. It never reaches the API.'
  try {
    return goesThrough(createMatch(routes)({ method, target, headers: {} }), method, target, apiServerUrl)
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    const allow = error.allow === undefined ? '' : ` It takes ${error.allow}.`
    return `${error.status}. ${error.message}.${allow} It never reaches the API.`
  }
}

function goesThrough(
  { path, token, body, answers }: Route,
  method: string,
  target: string,
  api: string,
): string {
  const isSafe = method === 'GET' || method === 'HEAD'
  return [
    `${method} ${api}${target}, by the route ${path}.`,
    token === 'visitor'
      ? "With the visitor's access token; who is not logged in gets 401."
      : 'Without a token, also for who is logged in.',
    isSafe
      ? 'For scripts of our own pages: 403 for other sites, and for a navigation.'
      : 'With the proof that it comes from a page of ours (Sec-Fetch-Site, Origin), else 403.',
    body
      ? `A body has to be ${body.types.join(' or ')}, else 415, and to have ${body.limit} bytes at most, else 413.`
      : 'With a body it would be 400.',
    `The API may answer with ${answers.join(' or ')}; anything else is 502.`,
  ].join('\n')
}
