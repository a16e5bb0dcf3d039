import { Agent, request } from 'node:http'

/** Numbers from 0 to below `below`, the same for the same seed (mulberry32). */
export function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const paths = `
/ /profile /public /protected /admin /sessions
/session /sessions/end /nowhere /login /signup /callback
/logout /backchannel-logout /livez /readyz /assets/app.css /api/messages/public
/api/messages/protected /api/messages/admin /api /api/x
`
  .trim()
  .split(/\s+/)
const methods = [
  'GET',
  'GET',
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
]
const bits = [
  '..',
  '.',
  '%2e%2e',
  '%2f',
  '//',
  ';x=y',
  '%00',
  '%0d%0a',
  '%25',
  '\\',
  '@',
  ':',
  '~',
  '%C3%A9',
  '?',
  '#',
  "'",
  'a'.repeat(300),
]
const parameters = [
  'returnTo',
  'state',
  'code',
  'error',
  'iss',
  'outcome',
  'prompt',
  'token',
  'access_token',
  '__proto__',
  'x[]',
]
const values = [
  '',
  '/',
  '/admin',
  '//evil.example',
  'https://evil.example',
  '<script>',
  '%',
  '%ff',
  '1e9',
  'login',
  'lost',
  'x'.repeat(900),
  '{{7*7}}',
  'access_denied',
]
const headers: readonly (readonly [name: string, ...values: string[]])[] = [
  ['Accept', 'text/html', 'application/json', '*/*', 'text/event-stream', 'x'.repeat(500), ''],
  ['Accept-Encoding', 'gzip, br, zstd', '*'],
  ['Accept-Language', 'de', '<b>'],
  ['Authorization', 'Bearer x', 'Basic eDp5', 'Bearer'],
  [
    'Content-Type',
    'application/x-www-form-urlencoded',
    'application/json',
    'text/plain',
    'multipart/form-data; boundary=x',
    'x',
  ],
  ['Content-Encoding', 'gzip', 'br'],
  ['Forwarded', 'for=1.2.3.4;host=evil.example'],
  ['HX-Current-URL', 'http://localhost/profile', '/admin', 'javascript:x'],
  ['HX-Request', 'true', 'false'],
  ['HX-Request-Type', 'partial', 'full', 'x'],
  ['If-Modified-Since', 'Wed, 25 Nov 2026 00:00:00 GMT', 'x'],
  ['If-None-Match', '*', '"x"'],
  ['Origin', 'null', 'https://evil.example', 'x'],
  ['Prefer', 'return=minimal'],
  ['Range', 'bytes=0-10', 'bytes=-1', 'x'],
  ['Referer', 'https://evil.example/', 'x'],
  ['Sec-Fetch-Dest', 'document', 'empty', 'image', 'iframe', 'x'],
  ['Sec-Fetch-Mode', 'navigate', 'cors', 'no-cors', 'x'],
  ['Sec-Fetch-Site', 'same-origin', 'same-site', 'cross-site', 'none', 'x'],
  ['Sec-Purpose', 'prefetch', 'prefetch;prerender'],
  ['TE', 'trailers'],
  ['Upgrade', 'websocket', 'h2c'],
  ['User-Agent', 'x', '<script>alert(1)</script>', 'kube-probe/1.30'],
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Forwarded-Proto', 'https', 'x'],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X-Original-URL', '/admin'],
  ['X-Request-Id', 'x', '../../x'],
]
const bodies = [
  '',
  'token=&returnTo=/',
  'session=others',
  'logout_token=x',
  '{"a":1}',
  '{',
  'a'.repeat(5000),
  '%',
  'a=b&a=c',
  '\0\u0001',
]

export interface Fuzzed {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A request that is somewhere between what the gateway knows and nonsense. */
export function fuzzed(pick: (below: number) => number): Fuzzed {
  const one = <Each>(list: readonly Each[]) => list[pick(list.length)] as Each
  let path = one(paths)
  while (pick(3) === 0) {
    const at = pick(path.length) + 1
    path = path.slice(0, at) + one(bits) + path.slice(at)
  }
  for (let mark = '?'; pick(2) === 0; mark = '&') path += `${mark}${one(parameters)}=${one(values)}`
  const sent: Record<string, string> = {}
  while (pick(6) > 0) {
    const [name, ...choice] = one(headers)
    sent[name] = one(choice)
  }
  const method = one(methods)
  return { method, path, headers: sent, body: method === 'GET' || method === 'HEAD' ? '' : one(bodies) }
}

/** Sends requests over kept connections; the status of each. */
export class Sender {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 })
  readonly #base: string

  constructor(base: string) {
    this.#base = base
  }

  send({ method, path, headers: sent, body }: Fuzzed, cookie: string): Promise<number> {
    const { hostname, port } = new URL(this.#base)
    return new Promise((resolve, reject) => {
      const own = { ...sent, ...(cookie && { Cookie: cookie }), 'Content-Length': Buffer.byteLength(body) }
      const outgoing = request(
        { hostname, port, method, path, headers: own, agent: this.#agent },
        (answer) => {
          answer.resume()
          answer.on('end', () => resolve(answer.statusCode ?? 0))
          answer.on('error', reject)
        },
      )
      // With an Upgrade header Node's client waits for one.
      outgoing.on('upgrade', (answer, socket) => resolve(socket.destroy() && (answer.statusCode ?? 0)))
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    fuzzedRequests: number
    seed: number
  }
}
