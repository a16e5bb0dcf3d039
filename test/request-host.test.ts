import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Proxied, startProxied, statuses } from './support/proxied.ts'

let all: Proxied
let trusting: Proxied
beforeAll(async () => {
  ;[all, trusting] = await Promise.all([startProxied(), startProxied({ TRUST_PROXY: '127.0.0.1,::1' })])
})
afterAll(async () => {
  await all[Symbol.asyncDispose]()
  await trusting[Symbol.asyncDispose]()
})

const ask = (place: Proxied, path: string, ...headers: string[]) =>
  place.send(`GET ${path} HTTP/1.1`, ['Accept: text/html', ...headers])

/** Given our own host, what somebody may say instead. */
const strangers: [string, (host: string) => string][] = [
  ['another name', () => 'evil.example'],
  ['our name without the port', () => 'localhost'],
  ['a trailing dot', (host) => host.replace(':', '.:')],
  ['another port', (host) => `${host}1`],
  ['two ports', (host) => `${host}:80`],
  ['userinfo', (host) => `user@${host}`],
  ['our name as userinfo', (host) => `${host}@evil.example`],
  ['our name as a part', (host) => `${host}.evil.example`],
  ['our name in a list', (host) => `${host}, evil.example`],
  ['a path', (host) => `evil.example/${host}`],
  ['an address', (host) => host.replace('localhost', '127.0.0.1')],
  ['nothing', () => ''],
]

describe('a Host that is not ours', () => {
  test.each(strangers)('%s is 421, which names our address and not theirs (P08, K06)', async (_name, of) => {
    for (const path of ['/', '/api/open', '/login', '/assets/none.js']) {
      const answer = await ask(all, path, `Host: ${of(all.host)}`)
      expect([path, statuses(answer)]).toEqual([path, [421]])
      expect(answer).toMatch(/^Content-Security-Policy: default-src 'none';/m)
      expect(answer).not.toMatch(/evil|^Set-Cookie|^Location/m)
    }
    expect(all.upstream.arrived).toEqual([])
  })

  test('in upper case it is ours', async () => {
    expect(statuses(await ask(all, '/', `Host: ${all.host.toUpperCase()}`))).toEqual([200])
  })

  test.each(['/livez', '/readyz'])('%s answers under any', async (path) => {
    for (const host of ['10.0.0.7:4040', 'evil.example', '']) {
      expect(statuses(await ask(all, path, `Host: ${host}`))).toEqual([200])
    }
    expect(statuses(await all.send(`GET ${path} HTTP/1.0`))).toEqual([200])
  })

  test('goes up to the API as the host of the API, whatever it was (P08)', async () => {
    await all.send('GET /api/open HTTP/1.1', [`Host: ${all.host.toUpperCase()}`])
    expect(all.upstream.last()?.request.headersDistinct.host).toEqual([all.upstream.host])
  })
})

describe('behind a reverse proxy that is trusted', () => {
  test('what it says in X-Forwarded-Host counts', async () => {
    const ours = `X-Forwarded-Host: ${trusting.host}`
    expect(statuses(await ask(trusting, '/', 'Host: 10.0.0.7', ours))).toEqual([200])
    expect(statuses(await ask(trusting, '/', `Host: ${trusting.host}`))).toEqual([200])
    for (const [, of] of strangers.slice(0, 3)) {
      const theirs = `X-Forwarded-Host: ${of(trusting.host)}`
      const answer = await ask(trusting, '/', `Host: ${trusting.host}`, theirs)
      expect([theirs, statuses(answer)]).toEqual([theirs, [421]])
      expect(answer).not.toContain('evil')
    }
  })

  test('without that trust it does not (K06)', async () => {
    const ours = `X-Forwarded-Host: ${all.host}`
    expect(statuses(await ask(all, '/', 'Host: evil.example', ours))).toEqual([421])
  })
})

test('no header of a proxy changes what a page says (K06)', async () => {
  const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n'))
  const host = `Host: ${all.host}`
  const plain = await ask(all, '/', host)
  expect(statuses(plain)).toEqual([200])
  for (const header of [
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 1',
    'X-Forwarded-Prefix: /evil',
    'X-Forwarded-Uri: /profile',
    'X-Original-URL: /profile',
    'X-Rewrite-URL: /profile',
    'Forwarded: host=evil.example;proto=https',
    'X-Host: evil.example',
    'X-HTTP-Method-Override: POST',
  ]) {
    const answer = await ask(all, '/', host, header)
    expect([header, bodyOf(answer)]).toEqual([header, bodyOf(plain)])
  }
})
