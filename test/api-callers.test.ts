import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { callerOf } from '../api/caller.ts'
import { embeddedClients } from '../shared/identity-provider.ts'
import { type Api, audience, jumpingClock, startApi, startIssuer } from './support/issuer.ts'
import { startStack } from './support/stack.ts'
import { Wire } from './support/wire.ts'

describe('who calls', () => {
  const times = { iat: 1, exp: 2 }
  test.each<[string, Record<string, unknown>, object]>([
    [
      'a user of Auth0',
      { sub: 'auth0|1', azp: 'gateway' },
      { kind: 'user', sub: 'auth0|1', client: 'gateway' },
    ],
    ['a user of nobody knows which client', { sub: '1' }, { kind: 'user', sub: '1', client: undefined }],
    [
      'a service of Auth0',
      { sub: 'abc@clients', azp: 'abc', gty: 'client-credentials' },
      { kind: 'service', client: 'abc' },
    ],
    [
      'a service by its grant type alone',
      { sub: 'id', azp: 'abc', gty: 'client-credentials' },
      { kind: 'service', client: 'abc' },
    ],
    ['a service by its sub alone', { sub: 'abc@clients' }, { kind: 'service', client: 'abc' }],
    ['a service as RFC 9068 has it', { sub: 'abc', client_id: 'abc' }, { kind: 'service', client: 'abc' }],
    ['a service of Okta', { sub: 'abc', cid: 'abc' }, { kind: 'service', client: 'abc' }],
    [
      'a service of Entra ID without the optional claim',
      { sub: 'object', oid: 'object', azp: 'abc' },
      { kind: 'service', client: 'abc' },
    ],
    [
      'a user of Entra ID',
      { sub: 'pairwise', oid: 'object', azp: 'abc' },
      { kind: 'user', sub: 'pairwise', client: 'abc' },
    ],
    [
      'a service of Entra ID',
      { sub: 'object', azp: 'abc', idtyp: 'app' },
      { kind: 'service', client: 'abc' },
    ],
    [
      'a user who calls himself as a client is called',
      { sub: 'abc', client_id: 'gateway' },
      { kind: 'user', sub: 'abc', client: 'gateway' },
    ],
    ['a client that is no name', { sub: '1', azp: ['1'] }, { kind: 'user', sub: '1', client: undefined }],
  ])('is %s', (_what, claims, caller) => {
    expect(callerOf({ ...times, sub: '', ...claims })).toEqual(caller)
  })

  test('is in the log: a service, which is no user (RFC 9700 section 4.15)', async () => {
    await using stack = await startStack()
    const { id, secret } = embeddedClients.service
    const grant = await fetch(`${stack.tenantUrl}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: secret,
        audience,
      }),
    })
    const { access_token: token } = (await grant.json()) as { access_token: string }
    const url = `${stack.apiUrl}/api/messages/admin`
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    expect([answer.status, await answer.json()]).toEqual([200, { text: 'This is an admin message.' }])
    const line = await stack.api.line(({ msg, path }) => msg === 'request' && path === '/api/messages/admin')
    expect(line.caller).toEqual({ kind: 'service', client: 'messages-service' })
  })
})

const get = async (api: Api, token: string, name = 'protected') => {
  const { status, headers, body } = await request(api.url)
    .get(`/api/messages/${name}`)
    .set('Authorization', `Bearer ${token}`)
  return {
    status,
    body,
    left: headers.ratelimit,
    policy: headers['ratelimit-policy'],
    after: headers['retry-after'],
  }
}

describe('a limit', () => {
  test('is for each user and each service, not for an address, and ends with its minute', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, { API_RATE: '3', ...jumpingClock(61) })
    const mine = await issuer.token({ sub: 'auth0|mine' })
    const alsoMine = await issuer.token({ sub: 'auth0|mine', jti: 'another' })
    const callers = [
      await issuer.token({ sub: 'auth0|other' }),
      await issuer.token({ sub: 'service', azp: 'service' }),
      await issuer.token({ sub: 'service', azp: 'gateway' }),
    ]
    const policy = '"default";q=3;w=60'
    expect(await get(api, mine)).toMatchObject({ status: 200, left: '"default";r=2;t=60', policy })
    expect(await get(api, alsoMine)).toMatchObject({ status: 200, left: expect.stringMatching(/;r=1;/) })
    expect(await get(api, mine, 'admin')).toMatchObject({ status: 403, left: expect.stringMatching(/;r=0;/) })
    for (const token of [mine, alsoMine]) {
      const refused = await get(api, token)
      expect(refused).toEqual({
        status: 429,
        body: { message: 'Too Many Requests' },
        left: expect.stringMatching(/^"default";r=0;t=([1-9]|[1-5]\d|60)$/),
        policy,
        after: /;t=(\d+)$/.exec(refused.left ?? '')?.[1],
      })
    }
    for (const token of callers) {
      const answers = [
        await get(api, token),
        await get(api, token),
        await get(api, token),
        await get(api, token),
      ]
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
    }
    await api.later()
    expect(await get(api, mine)).toMatchObject({ status: 200, left: expect.stringMatching(/;r=2;/) })
  })

  test('counts nothing that is open to all, nor what nobody is known to have sent', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, { API_RATE: '1' })
    const token = await issuer.token()
    const bad = `${token.slice(0, -10)}AAAAAAAAAA`
    for (let times = 0; times < 5; times += 1) {
      expect(await get(api, token, 'public')).toMatchObject({
        status: 200,
        left: undefined,
        policy: undefined,
      })
      expect(await get(api, bad)).toMatchObject({ status: 401, left: undefined, policy: undefined })
    }
    expect((await get(api, token)).status).toBe(200)
    expect((await get(api, token)).status).toBe(429)
    const line = await api.program.line(({ status, msg }) => status === 429 && msg === 'request refused')
    expect(line.reason).toBe('More than 1 requests a minute')
  })
})

describe('TRUST_GATEWAY', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'

  async function identities(api: Api, from: string) {
    const wire = new Wire(api.url.replace('localhost', '127.0.0.1'), from)
    const headers = `X-Request-Id: of-a-gateway\r\ntraceparent: 00-${traceId}-b7ad6b7169203331-01`
    wire.socket.write(`GET /livez HTTP/1.1\r\nHost: api\r\n${headers}\r\nConnection: close\r\n\r\n`)
    const requestId = /^X-Request-Id: (.*)\r$/m.exec((await wire.ended).text)?.[1]
    const line = await api.program.line((each) => each.requestId === requestId && each.msg === 'request')
    return { requestId, traceId: line.traceId }
  }

  test.each([
    ['127.0.0.9', '127.0.0.9', true],
    ['127.0.0.9', '127.0.0.1', false],
    ['127.0.0.8/30,10.0.0.1', '127.0.0.11', true],
    ['127.0.0.8/30,10.0.0.1', '127.0.0.12', false],
    ['::1', '127.0.0.1', false],
    ['', '127.0.0.1', true],
  ])('=%s: request id and trace of %s are taken over: %s', async (setting, from, isTaken) => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, { HOST: '127.0.0.1', TRUST_GATEWAY: setting })
    const own = await identities(api, from)
    if (isTaken) expect(own).toEqual({ requestId: 'of-a-gateway', traceId })
    else {
      expect(own.requestId).toMatch(/^[0-9a-f-]{36}$/)
      expect(own.traceId).toBe(own.requestId?.replaceAll('-', ''))
    }
  })
})
