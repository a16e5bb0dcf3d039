import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Command, hasProgram, shellBlocks } from './support/command.ts'
import { startApi } from './support/issuer.ts'
import type { Environment } from './support/program.ts'
import { type Stack, startStack } from './support/stack.ts'

const answer = '200 {"text":"This is an admin message."}'
/** As their readers type them. */
const lines = shellBlocks('docs/examples/README.md').flatMap((block) => block.trim().split('\n'))

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack[Symbol.asyncDispose]())

const settings = ({ tenantUrl, apiUrl }: Stack): Environment => ({
  ISSUER: `${tenantUrl}/`,
  API_URL: apiUrl,
  EVERY_SECONDS: '0.2',
})
const grants = ({ tenant }: Stack) => tenant.log.filter(({ grant }) => grant === 'client_credentials').length
const refusals = ({ api }: Stack) => api.log.filter(({ msg }) => msg === 'request refused').length

describe.each([
  ['TypeScript', 'npm run example:typescript', 'npm run example:typescript -- --once', 'npm'],
  ['Python', 'python3 docs/examples/service.py', 'python3 docs/examples/service.py --once', 'python3'],
])('the service in %s', (_language, always, once, program) => {
  const options = { skip: !hasProgram(program) }

  test('is started as its README says', () => {
    expect(lines).toEqual(expect.arrayContaining([always, once]))
  })

  test('asks once, prints the answer, and ends with 0', options, async () => {
    await using service = new Command(once, settings(stack))
    expect(await service.ended()).toBe(0)
    expect(service.output).toContain(answer)
  })

  test('goes on asking with the token it keeps', options, async () => {
    const before = grants(stack)
    await using service = new Command(always, settings(stack))
    await service.said(answer, 5)
    expect(grants(stack)).toBe(before + 1)
  })

  test('renews its token before it expires', options, async () => {
    await using short = await startStack({ TENANT_ACCESS_TOKEN_SECONDS: '2' })
    await using service = new Command(always, settings(short))
    // The API allows for clocks that differ by five seconds: whoever kept a token for longer would be refused.
    await Promise.all([service.said(answer, 5), short.tenant.line(() => grants(short) >= 8)])
    await service.said(answer, 10)
    expect(refusals(short)).toBe(0)
  })

  test.each([
    [
      'its secret is wrong',
      { CLIENT_SECRET: 'wrong' },
      'invalid_client',
      'CLIENT_ID and CLIENT_SECRET right?',
    ],
    [
      'it asks for another API',
      { AUDIENCE: 'https://other.example' },
      'Service not found: https://other.example',
      'authorised for AUDIENCE=https://other.example',
    ],
    ['the provider is no address', { ISSUER: 'nonsense' }, 'No token from nonsense', 'is ISSUER right'],
    ['the provider is far away and without https', { ISSUER: 'http://192.0.2.1/' }, 'No token', 'HTTPS'],
    ['the API is no address', { API_URL: 'nonsense' }, 'No answer from nonsense', 'is API_URL right'],
  ])('says so and ends with 1 when %s', options, async (_what, changes, problem, hint) => {
    await using service = new Command(once, { ...settings(stack), ...changes })
    expect(await service.ended()).toBe(1)
    expect(service.output).toContain(problem)
    expect(service.output.toLowerCase()).toContain(hint.toLowerCase())
    expect(service.output).not.toMatch(/Traceback|\bat \S+:\d+/)
  })

  test.each([
    [
      'an API that is another',
      { AUTH0_AUDIENCE: 'other' },
      'answered 401 to a new token; are ISSUER and AUDIENCE',
    ],
    [
      'an API that finds no permission in it',
      { PERMISSIONS_CLAIM: 'roles' },
      'answered 403; has the application the permission read:admin-messages',
    ],
  ])('says so and ends with 1 when its token is refused by %s', options, async (_what, changes, problem) => {
    await using api = await startApi(`${stack.tenantUrl}/`, changes)
    await using service = new Command(once, { ...settings(stack), API_URL: api.url })
    expect(await service.ended()).toBe(1)
    expect(service.output).toContain(problem)
  })
})
