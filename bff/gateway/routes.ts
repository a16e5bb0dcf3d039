import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { SettingsError } from '../../shared/settings.ts'

const mediaType = z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/, 'must be a media type without parameters')

const route = z
  .strictObject({
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
    /** Below /api. A segment `:name` stands for one of letters, digits, `-` and `_`. */
    path: z.string().regex(/^\/api(\/(:\w+|[\w.~-]*[\w~-]))+$/, 'must be a path below /api'),
    /** `visitor`: the visitor's access token goes along, and nobody else gets through. */
    token: z.enum(['none', 'visitor']),
    /** The names that a query may have. */
    query: z.array(z.string().min(1)).default([]),
    /** What a body may be, and how many bytes it may have; without this a request has none. */
    body: z.strictObject({ types: z.array(mediaType).min(1), limit: z.int().positive() }).optional(),
    /** What the API may answer with. */
    answers: z.array(mediaType).min(1).default(['application/json', 'application/problem+json']),
  })
  .refine(({ method, body }) => !body || method !== 'GET', {
    error: 'a GET request has no body',
    path: ['body'],
  })

/** A route of the API that the browser may use. What is not in the table never reaches the API. */
export type Route = Readonly<z.output<typeof route>>

/** Reads a table (routes.json is the one that comes with the gateway). Throws SettingsError with everything that is wrong with it. */
export function readRoutes(file: string): readonly Route[] {
  const problem = (text: string) => `API_ROUTES: ${file}: ${text}`
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new SettingsError([problem(error instanceof Error ? error.message : String(error))])
  }
  const { data, error } = z.array(route).safeParse(content)
  if (error)
    throw new SettingsError(error.issues.map((each) => problem(`${each.path.join('.')}: ${each.message}`)))
  const names = data.map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, ':')}`)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  if (twice.length > 0) throw new SettingsError(twice.map((name) => problem(`${name} is listed twice`)))
  return data
}
