import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import request from 'supertest'
import { expect, test } from 'vitest'
import { startApi } from './support/issuer.ts'

// The issuer need not be there: nothing here asks it.
const issuer = 'http://127.0.0.1:9/'
const metadata = '/.well-known/oauth-protected-resource'

test('the contract is served as it is in the repository', async () => {
  await using api = await startApi(issuer)
  const { status, body, headers } = await request(api.url).get('/openapi.json')
  const file = readFileSync(join(import.meta.dirname, '../api/openapi.json'), 'utf8')
  expect([status, body]).toEqual([200, JSON.parse(file)])
  expect(headers['content-type']).toBe('application/json; charset=utf-8')
})

test('the metadata says where tokens come from, for which resource and with which scope (RFC 9728)', async () => {
  await using api = await startApi(issuer)
  const { status, body } = await request(api.url).get(metadata)
  expect([status, body]).toEqual([
    200,
    {
      resource: 'https://hello-world.example.com',
      authorization_servers: [issuer],
      scopes_supported: ['read:admin-messages'],
      bearer_methods_supported: ['header'],
      resource_name: 'Messages API',
    },
  ])
})

test('the metadata names the resource as tokens have to name it in their aud', async () => {
  const audience = 'urn:example:messages'
  await using api = await startApi(issuer, { AUTH0_AUDIENCE: audience })
  expect((await request(api.url).get(metadata)).body.resource).toBe(audience)
})

test.each(['/openapi.json', metadata])('%s may be kept for minutes, and no refusal may', async (path) => {
  const origin = 'http://localhost:4040'
  await using api = await startApi(issuer, { CLIENT_ORIGIN_URL: origin })
  const answer = await request(api.url).get(path).set('Origin', origin)
  expect(answer.headers['cache-control']).toBe('public, max-age=300')
  // What is kept for one origin is not shown to another.
  expect([answer.headers['access-control-allow-origin'], answer.headers.vary]).toEqual([origin, 'Origin'])
  const refused = await request(api.url).post(path)
  expect([refused.status, refused.headers['cache-control']]).toEqual([405, 'no-store'])
  const options = await request(api.url).options(path)
  expect([options.status, options.headers['cache-control']]).toEqual([204, 'no-store'])
})
