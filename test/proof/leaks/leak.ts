/** A change of a program that makes it leak: [file, text that stands there once, what stands there instead]. */
export type Edit = readonly [file: string, before: string, after: string]

/** A leak, planted on purpose, and whether the gateway's own guard (bff/session/token-guard.ts) stops it. */
export interface Leak {
  readonly name: string
  readonly edits: readonly Edit[]
  readonly guard: 'stops it' | 'does not see it'
  /** Where it has to be found. */
  readonly where: RegExp
}

export type Planted = Omit<Leak, 'where'>

const visitorFile = 'bff/session/visitor.ts'
const visitorLine = 'res.locals.visitor = await find(ticketIn(req.headers.cookie, name))\n'

/** Whenever somebody is logged in, with the access token as `token`. */
export const withToken = (code: string, ...imports: readonly string[]): readonly Edit[] => [
  [
    visitorFile,
    visitorLine,
    `${visitorLine}const token = (await res.locals.visitor?.accessToken())?.reveal() ?? ''\nif (token) { ${code} }\n`,
  ],
  ...imports.map(
    (line): Edit => [
      visitorFile,
      'import type { RequestHandler }',
      `${line}\nimport type { RequestHandler }`,
    ],
  ),
]

/** What a page has at its end; `text` is an expression. */
export const inPages = (text: string, ...imports: readonly string[]) =>
  withToken(`const send = res.send.bind(res); res.send = (body) => send(body + ${text})`, ...imports)

export const zlib = "import * as zlib from 'node:zlib'"
export const stops = 'stops it' as const
export const blind = 'does not see it' as const
