import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { readRoutes } from '../bff/gateway/routes.ts'
import { contract, methods, openapi } from './support/openapi.ts'

const root = join(import.meta.dirname, '..')
const text = readFileSync(join(root, 'api/openapi.json'), 'utf8')
const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
  methods.flatMap((method) => (item[method] ? [{ path, method, operation: item[method] }] : [])),
)

describe('the document', () => {
  test('is OpenAPI 3.1, by the schema that its authors publish', async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(text))
    expect([valid, errors]).toEqual([true, undefined])
  })

  test('has the version of the API', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(openapi.info.version).toBe(version)
  })

  test('has no component that nothing refers to, and refers to none that is not there', () => {
    const referred = new Set(
      [...text.matchAll(/"\$ref": "#\/components\/(.*?)"/g)].map(([, name = '']) => name),
    )
    const { securitySchemes: _, ...components } = openapi.components
    const there = Object.entries(components).flatMap(([kind, named]) =>
      Object.keys(named).map((name) => `${kind}/${name}`),
    )
    expect([...referred].toSorted()).toEqual(there.toSorted())
  })

  test('has schemas that are schemas (JSON Schema 2020-12)', () => {
    const { schemas, headers, responses } = openapi.components
    const contents = Object.values(responses).flatMap(({ content = {} }) => Object.values(content))
    const all = [
      ...Object.values(schemas),
      ...[...Object.values(headers), ...contents].map(({ schema }) => schema),
    ]
    const ajv = new Ajv2020()
    for (const schema of all) expect(ajv.validateSchema(schema), JSON.stringify(schema)).toBe(true)
  })

  test.each(Object.entries(openapi.components.responses))('has a good example of %s', (_name, response) => {
    for (const { schema, example, examples } of Object.values(response.content ?? {})) {
      const values = examples ? Object.values(examples).map(({ value }) => value) : [example ?? openapi]
      for (const value of values) expect(contract.problemWith(schema, value)).toBeUndefined()
    }
  })

  test.each(Object.entries(openapi.components.headers))(
    'has a good example of the header %s',
    (_name, header) => {
      const value = header.example ?? header.schema.const
      expect(value).toBeDefined()
      expect(contract.problemWithHeader(header, String(value))).toBeUndefined()
    },
  )

  test('says of HEAD what it says of GET (RFC 9110 section 9.3.2)', () => {
    for (const { get, head } of Object.values(openapi.paths)) {
      expect(head?.responses).toEqual(get?.responses)
      expect(head?.security).toEqual(get?.security)
    }
  })

  test('names each operation, and all of them differently', () => {
    const names = operations.map(({ operation }) => operation.operationId)
    expect(names).not.toContain(undefined)
    expect(new Set(names).size).toBe(names.length)
  })

  test('asks for the access token where a 401 can come, and nowhere else', () => {
    for (const { path, method, operation } of operations) {
      expect([method, path, '401' in operation.responses]).toEqual([method, path, !!operation.security])
    }
  })
})

describe('each of the routes that the gateway has of the API', () => {
  const routes = readRoutes(join(root, 'bff/gateway/routes.json'))

  test.each(routes)('$method $path is an operation of the document, and its like', (route) => {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    const operation = contract.operation(path, route.method)
    expect(operation, 'an operation').toBeDefined()
    expect(route.token, 'the token').toBe(operation?.security ? 'visitor' : 'none')
    const responses = Object.values(operation?.responses ?? {}).map((each) => contract.resolve(each))
    const types = new Set(responses.flatMap(({ content }) => Object.keys(content ?? {})))
    expect(route.answers, 'the media types').toEqual(expect.arrayContaining([...types]))
    // The document has neither: a route that lets them through would let through what nobody reads.
    expect([route.query, route.body]).toEqual([[], undefined])
  })

  test('are all that there are to get below /api', () => {
    const names = operations.filter(({ path, method }) => path.startsWith('/api/') && method === 'get')
    expect(routes.map(({ path }) => path).toSorted()).toEqual(names.map(({ path }) => path).toSorted())
  })
})
