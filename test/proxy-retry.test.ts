import type { RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Browser, navigationHeaders } from './support/browser.ts'
import { jumpingClock } from './support/issuer.ts'
import { profile } from './support/openid-provider.ts'
import { type Proxied, startProxied } from './support/proxied.ts'

/** How the gateway's clock jumps: by more than the half minute in which a token counts as fresh. */
const aMinute = jumpingClock(60)
let all: Proxied
beforeEach(async () => {
  all = await startProxied(aMinute)
})
afterEach(() => all[Symbol.asyncDispose]())

const json = { 'Content-Type': 'application/json', 'WWW-Authenticate': 'Bearer error="invalid_token"' }
const refused: RequestListener = (_req, res) =>
  void res.writeHead(401, json).end('{"message":"Bad credentials"}')
/** An API that takes every token but that one, and says which it took. */
const refuse =
  (token: string): RequestListener =>
  (req, res) => {
    const bearer = req.headers.authorization
    if (bearer === `Bearer ${token}`) refused(req, res)
    else res.writeHead(200, json).end(req.method === 'HEAD' ? undefined : '{"good":true}')
  }
const bearers = () => all.upstream.arrived.map(({ request: { headers } }) => headers.authorization?.slice(7))
const invalidGrant: RequestListener = (_req, res) =>
  void res.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}')

describe('a token that the API refuses (P25)', () => {
  test.each(['GET', 'HEAD'])(
    'is exchanged once and %s made again: the browser sees the second answer',
    async (method) => {
      const old = all.accessToken
      all.upstream.answer = refuse(old)
      await all.gateway.later()
      const answer = await all.user.fetch('/api/own?a=1', { method })
      expect([answer.status, answer.text]).toEqual([200, method === 'GET' ? '{"good":true}' : ''])
      expect(bearers()).toEqual([old, all.accessToken])
      expect(all.accessToken).not.toBe(old)
      const [first, second] = all.upstream.arrived.map(({ request }) => request)
      expect([second?.url, second?.method, second?.headers['x-request-id']]).toEqual([
        first?.url,
        first?.method,
        first?.headers['x-request-id'],
      ])
      expect(answer.headers.getSetCookie()).toEqual([])
      // The new one was saved.
      expect((await all.user.fetch('/api/own')).status).toBe(200)
      expect(all.provider.refreshes).toBe(1)
    },
  )

  test('is exchanged once for twenty requests at once, and all of them succeed', async () => {
    all.upstream.answer = refuse(all.accessToken)
    await all.gateway.later()
    const answers = await Promise.all(Array.from({ length: 20 }, () => all.user.fetch('/api/own')))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(all.provider.refreshes).toBe(1)
    expect(bearers().filter((token) => token === all.accessToken)).toHaveLength(20)
  })

  test.each(['POST /api/notes', 'PUT /api/notes/1', 'DELETE /api/notes/1'])(
    'is no reason to do twice what changes something: %s is 401',
    async (line) => {
      const [method = '', path = ''] = line.split(' ')
      all.upstream.answer = refuse(all.accessToken)
      await all.gateway.later()
      const answer = await all.user.fetch(path, { method })
      expect([answer.status, answer.text]).toEqual([401, '{"message":"Bad credentials"}'])
      expect(all.upstream.arrived).toHaveLength(1)
      expect(all.provider.refreshes).toBe(0)
    },
  )

  test('is not exchanged when it is fresh: another would fare no better', async () => {
    all.upstream.answer = refused
    expect((await all.user.fetch('/api/own')).status).toBe(401)
    expect([all.upstream.arrived.length, all.provider.refreshes]).toEqual([1, 0])
  })

  test('costs one refresh in half a minute when the API takes none at all, and no loop', async () => {
    all.upstream.answer = refused
    await all.gateway.later()
    for (let number = 0; number < 10; number += 1) {
      const answer = await all.user.fetch('/api/own')
      expect([answer.status, answer.text]).toEqual([401, '{"message":"Bad credentials"}'])
      expect(answer.headers.get('www-authenticate')).toBeNull()
    }
    await Promise.all(Array.from({ length: 10 }, () => all.user.fetch('/api/own')))
    expect([all.upstream.arrived.length, all.provider.refreshes]).toEqual([21, 1])
    await all.gateway.later()
    await all.user.fetch('/api/own')
    expect([all.upstream.arrived.length, all.provider.refreshes]).toEqual([23, 2])
    expect(await profile(all.user)).toBe(200)
  })

  test('and a provider that is down: the 401 of the API, and nobody is logged out', async () => {
    all.upstream.answer = refused
    all.provider.refreshing = (_req, res) => void res.writeHead(503).end()
    await all.gateway.later()
    const answer = await all.user.fetch('/api/own')
    expect([answer.status, answer.text]).toEqual([401, '{"message":"Bad credentials"}'])
    await all.provider.stop()
    expect((await all.user.fetch('/api/own')).status).toBe(401)
    expect(all.upstream.arrived).toHaveLength(2)
    expect(await profile(all.user)).toBe(200)
  })

  test('and a grant that has ended: 401 of our own, and the session is over', async () => {
    all.upstream.answer = refused
    all.provider.refreshing = invalidGrant
    await all.gateway.later()
    const answer = await all.user.fetch('/api/own')
    expect([answer.status, answer.text]).toEqual([401, '{"message":"Requires authentication"}'])
    expect(await profile(all.user)).toBe(401)
    expect(all.upstream.arrived).toHaveLength(1)
  })

  test('does not come back in the second answer either, nor does the new one (P23)', async () => {
    const old = all.accessToken
    all.upstream.answer = (req, res) => {
      if (req.headers.authorization === `Bearer ${old}`) refused(req, res)
      else res.writeHead(200, json).end(JSON.stringify(req.headers))
    }
    await all.gateway.later()
    const answer = await all.user.fetch('/api/own')
    expect([answer.status, answer.text]).toEqual([502, '{"message":"Bad Gateway"}'])
  })

  test('is no matter of a public route: its 401 goes through', async () => {
    all.upstream.answer = refused
    await all.gateway.later()
    expect((await all.user.fetch('/api/open')).status).toBe(401)
    expect([all.upstream.arrived.length, all.provider.refreshes]).toEqual([1, 0])
  })

  test('is exchanged at the beginning of an event stream as well', async () => {
    const old = all.accessToken
    all.upstream.answer = (req, res) => {
      if (req.headers.authorization === `Bearer ${old}`) refused(req, res)
      else res.writeHead(200, { 'Content-Type': 'text/event-stream' }).end('data: one\n\n')
    }
    await all.gateway.later()
    expect((await all.user.fetch('/api/events')).text).toBe('data: one\n\n')
  })
})

describe('the same for pages (P25)', () => {
  test('a page is filled with the answer to the new token', async () => {
    const old = all.accessToken
    all.upstream.answer = refuse(old)
    await all.gateway.later()
    expect((await all.user.open('/protected')).status).toBe(200)
    expect(bearers()).toEqual([old, all.accessToken])
    expect((await all.user.swap('/protected')).status).toBe(200)
    expect(all.provider.refreshes).toBe(1)
  })

  test('an API that takes none is 502, for one refresh in half a minute', async () => {
    all.upstream.answer = refused
    await all.gateway.later()
    for (let number = 0; number < 3; number += 1) expect((await all.user.open('/protected')).status).toBe(502)
    expect([all.upstream.arrived.length, all.provider.refreshes]).toEqual([4, 1])
  })

  test('a grant that has ended leads to login', async () => {
    all.upstream.answer = refused
    all.provider.refreshing = invalidGrant
    await all.gateway.later()
    const page = await all.user.request('/protected', { headers: navigationHeaders })
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login?returnTo=%2Fprotected'])
    expect(await profile(all.user)).toBe(401)
    expect((await new Browser(all.url).open('/')).status).toBe(200)
  })
})
