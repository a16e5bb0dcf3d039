import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Message } from './proof/messages.ts'

type Schema = Readonly<Record<string, unknown>>
interface Reference {
  readonly $ref?: string
}
interface Header extends Reference {
  readonly required?: boolean
  readonly schema: Schema
  readonly example?: unknown
}
interface MediaType {
  readonly schema: Schema
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}
export interface Response extends Reference {
  readonly headers?: Readonly<Record<string, Header>>
  readonly content?: Readonly<Record<string, MediaType>>
}
export interface Operation {
  readonly operationId?: string
  readonly security?: readonly unknown[]
  readonly responses: Readonly<Record<string, Response>>
}
export const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const
type Method = (typeof methods)[number]

export interface OpenApi {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<Method, Operation>>>>>
  readonly components: {
    readonly securitySchemes: object
    readonly schemas: Readonly<Record<string, Schema>>
    readonly responses: Readonly<Record<string, Response>>
    readonly headers: Readonly<Record<string, Header>>
  }
  readonly 'x-other-methods': Operation
  readonly 'x-other-paths': Operation
  readonly 'x-unreadable-requests': Operation
}

export const openapi: OpenApi = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../api/openapi.json'), 'utf8'),
)

/** What Node adds by itself: about the connection, and the lengths by which this answer was told from the next. */
const addedByNode = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']

/** What an OpenAPI document says of answers, and whether it is so. */
export class Contract {
  readonly #document: OpenApi
  // Words that no schema has are mistakes. That schemas are schemas is one test's business (it takes time).
  readonly #ajv = new Ajv2020({ keywords: ['components'], validateSchema: false })
  readonly #compiled = new Map<Schema, ValidateFunction>()

  constructor(document: OpenApi) {
    this.#document = document
  }

  operation(path: string, method: string): Operation | undefined {
    const known = methods.find((each) => each.toUpperCase() === method)
    return known && this.#document.paths[path]?.[known]
  }

  resolve<Node extends Reference>(node: Node): Node {
    if (node.$ref === undefined) return node
    const keys = node.$ref.split('/').slice(1)
    return keys.reduce<unknown>((at, key) => (at as Schema)[key], this.#document) as Node
  }

  /** undefined: the value is as the schema says. */
  problemWith(schema: Schema, value: unknown): string | undefined {
    const { schemas } = this.#document.components
    // What it may refer to goes along.
    const validate = this.#compiled.get(schema) ?? this.#ajv.compile({ ...schema, components: { schemas } })
    this.#compiled.set(schema, validate)
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors, { dataVar: 'it' })
  }

  /** A header is text; the schema may say that it is that of a number. */
  problemWithHeader({ schema }: Header, value: string): string | undefined {
    return this.problemWith(schema, schema.type === 'integer' ? Number(value) : value)
  }

  /** What of an answer is not as it is described. Without a request: the one there was could not be read. */
  problems(request: Message | undefined, answer: Message): string[] {
    const [name, operation] = this.#described(request)
    const status = answer.startLine.slice(9, 12)
    const found = operation.responses[status]
    const response = found && this.resolve(found)
    const problems = response
      ? [
          ...this.#headerProblems(response, answer),
          ...this.#bodyProblems(response, answer, request?.startLine.startsWith('HEAD ') ?? false),
          ...securityProblems(operation, status, request),
        ]
      : ['the status is not described']
    return problems.map((problem) => `${name}: ${status}: ${problem}`)
  }

  #described(request: Message | undefined): [name: string, operation: Operation] {
    if (!request) return ['an unreadable request', this.#document['x-unreadable-requests']]
    const [method = '', target = ''] = request.startLine.split(' ')
    const path = target.startsWith('/') ? target.replace(/[?#].*/s, '') : URL.parse(target)?.pathname
    const name = `${method} ${path ?? target}`
    if (path === undefined || !this.#document.paths[path]) return [name, this.#document['x-other-paths']]
    return [name, this.operation(path, method) ?? this.#document['x-other-methods']]
  }

  #headerProblems({ headers: described = {} }: Response, { headers }: Message): string[] {
    const names = headers.map(([name]) => name)
    const expected = new Map(Object.entries(described).map(([name, each]) => [name.toLowerCase(), each]))
    const problems = headers.flatMap(([name, value], index) => {
      if (addedByNode.includes(name)) return []
      if (names.indexOf(name) !== index) return [`header ${name} is there twice`]
      // Described by the media type (OpenAPI, Response Object).
      if (name === 'content-type') return []
      const header = expected.get(name)
      if (!header) return [`header ${name} is not described`]
      const problem = this.problemWithHeader(this.resolve(header), value)
      return problem ? [`header ${name}: ${problem}: ${value}`] : []
    })
    const missing = [...expected].filter(
      ([name, each]) => this.resolve(each).required && !names.includes(name),
    )
    return [...problems, ...missing.map(([name]) => `header ${name} is missing`)]
  }

  #bodyProblems({ content = {} }: Response, { headers, body, rest }: Message, isHead: boolean): string[] {
    if (rest) return ['there is something between or behind the chunks of the body']
    const type = headers.find(([name]) => name === 'content-type')?.[1]
    if (Object.keys(content).length === 0) {
      return type === undefined && body.length === 0 ? [] : ['there is a body, and none is described']
    }
    const [mediaType = '', ...parameters] = (type ?? '').split('; ')
    const described = content[mediaType]
    if (!described || parameters.join() !== 'charset=utf-8') {
      return [`the media type is not described: ${type}`]
    }
    // Its headers are those of GET (RFC 9110 section 9.3.2); it has no body, or what it has is the next answer.
    if (isHead) return []
    const text = body.toString()
    const problem = this.problemWith(described.schema, parsed(text))
    return problem ? [`body: ${problem}: ${text}`] : []
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Nobody gets in without what the operation asks for. */
function securityProblems(operation: Operation, status: string, request: Message | undefined): string[] {
  const isAsked = operation.security?.length
  const credentials = request?.headers.find(([name]) => name === 'authorization')?.[1] ?? ''
  return isAsked && status.startsWith('2') && !/^bearer +\S/i.test(credentials)
    ? ['an access token is required, and none was sent']
    : []
}

export const contract = new Contract(openapi)
