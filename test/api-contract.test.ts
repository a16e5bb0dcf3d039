import { connect } from 'node:net'
import { join } from 'node:path'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, type Issuer, startApi, startIssuer } from './support/issuer.ts'
import { freePorts } from './support/ports.ts'
import { Program } from './support/program.ts'

const names = ['public', 'protected', 'admin'] as const
const paths = names.map((name) => `/api/messages/${name}`)

let issuer: Issuer
let api: Api
let authorization: string
beforeAll(async () => {
  issuer = await startIssuer()
  api = await startApi(issuer.url)
  authorization = `Bearer ${await issuer.token({ permissions: ['read:admin-messages'] })}`
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

describe('the three messages', () => {
  test.each([
    ['public', '{"text":"This is a public message."}'],
    ['protected', '{"text":"This is a protected message."}'],
    ['admin', '{"text":"This is an admin message."}'],
  ])('%s is %s', async (name, body) => {
    const answer = await request(api.url).get(`/api/messages/${name}`).set({ authorization })
    expect([answer.status, answer.text]).toEqual([200, body])
    expect(answer.headers['www-authenticate']).toBeUndefined()
  })

  test.each(paths)('%s answers HEAD as GET, without a body', async (path) => {
    const get = await request(api.url).get(path).set({ authorization })
    const head = await request(api.url).head(path).set({ authorization })
    expect([head.status, head.text]).toEqual([200, undefined])
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
  })

  test.each(paths)(
    '%s answers OPTIONS without credentials, and says which methods it takes',
    async (path) => {
      const answer = await request(api.url).options(path)
      expect([answer.status, answer.text]).toEqual([204, ''])
      expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS')
    },
  )

  test.each(['Bearer bad', 'abc', 'Basic x'])('the public one is open also to %s', async (header) => {
    const answer = await request(api.url).get('/api/messages/public').set('Authorization', header)
    expect(answer.status).toBe(200)
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'])(
    'take no %s, whoever asks, and say which methods they take',
    async (method) => {
      for (const path of paths) {
        for (const header of [`Authorization: ${authorization}`, 'Authorization: Bearer bad', 'X-None: 1']) {
          const answer = await api.raw(`${method} ${path} HTTP/1.1`, header)
          expect([answer.status, answer.text]).toEqual([405, '{"message":"Method Not Allowed"}'])
          expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
          expect(answer.headers.get('www-authenticate')).toBeNull()
        }
      }
    },
  )

  test('ignore a body, also one that is no JSON', async () => {
    const headers = { authorization, 'content-type': 'application/json' }
    const answer = await request(api.url).get('/api/messages/protected').set(headers).send('{"a":')
    expect([answer.status, answer.body.text]).toEqual([200, 'This is a protected message.'])
  })

  test('have no ETag to ask again with', async () => {
    const answer = await request(api.url).get('/api/messages/public').set('If-None-Match', 'W/"24-x"')
    expect([answer.status, answer.headers.etag]).toEqual([200, undefined])
  })
})

describe('everything else', () => {
  test.each([
    '/',
    '/nope',
    '/api',
    '/api/',
    '/api/messages',
    '/api/messages/other',
    '/api/messages/public/',
    '/api/messages/PUBLIC',
    '/API/messages/public',
    '//api/messages/public',
    '/api/messages/public/../admin',
    '/api/messages/public%00',
    '/api/messages/%ff',
    '/api/messages/__proto__',
    '/LIVEZ',
    '/livez/',
    '/readyz/',
  ])('%s is 404 in JSON', async (path) => {
    const answer = await api.raw(`GET ${path} HTTP/1.1`, `Authorization: ${authorization}`)
    expect([answer.status, answer.text]).toEqual([404, '{"message":"Not Found"}'])
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
  })

  test.each(['/livez', '/readyz'])('%s says that all is well', async (path) => {
    const answer = await request(api.url).get(path)
    expect([answer.status, answer.text]).toEqual([200, '{"status":"ok"}'])
  })

  test('only this machine reaches the API unless HOST says otherwise (J38)', async () => {
    const [port = 0] = await freePorts(1)
    // By its whole path, so that nothing is in front of it and HOST stays unset.
    const program = new Program(join(import.meta.dirname, '../api/main.ts'), {
      API_PORT: String(port),
      ISSUER_URL: issuer.url,
    })
    await program.start()
    const reached = await new Promise((resolve) => {
      // Loopback too, but answered only by who listens on every address.
      const socket = connect({ host: '127.0.0.2', port, timeout: 1000 })
      for (const event of ['connect', 'error', 'timeout']) socket.once(event, () => resolve(event))
      socket.once('connect', () => socket.destroy())
    })
    await program.stop()
    expect(reached).not.toBe('connect')
  })
})

describe('the log of requests', () => {
  test('takes over the request id of the gateway, and leaves out the query', async () => {
    const id = 'gateway-request-1'
    const query = 'access_token=in-the-address'
    const answer = await request(api.url).get(`/api/messages/protected?${query}`).set('X-Request-Id', id)
    expect(answer.headers['x-request-id']).toBe(id)
    const line = await api.program.line(({ requestId, msg }) => requestId === id && msg === 'request')
    expect(line).toMatchObject({ method: 'GET', path: '/api/messages/protected', status: 401 })
    expect(api.program.output).not.toContain('in-the-address')
  })

  test.each(['short', 'with blanks in it', `long${'g'.repeat(64)}`, '"quoted-quoted"'])(
    'knows a request by an id of its own where that of the client is %s (I13)',
    async (id) => {
      const answer = await request(api.url).get('/livez').set('X-Request-Id', id)
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    },
  )
})
