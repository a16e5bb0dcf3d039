import { expect } from 'vitest'
import type { Browser } from './browser.ts'
import { type Gateway, type OpenidProvider, startGateway, startOpenidProvider } from './openid-provider.ts'
import type { Environment } from './program.ts'
import { Upstream } from './upstream.ts'
import { Wire } from './wire.ts'

/** The gateway between a visitor who is logged in and an API that does as it is told. */
export class Proxied implements AsyncDisposable {
  readonly provider: OpenidProvider
  readonly upstream: Upstream
  readonly gateway: Gateway
  readonly user: Browser
  /** The Cookie header of the visitor. */
  readonly cookie: string

  constructor(provider: OpenidProvider, upstream: Upstream, gateway: Gateway, user: Browser, cookie: string) {
    this.provider = provider
    this.upstream = upstream
    this.gateway = gateway
    this.user = user
    this.cookie = cookie
  }

  get url(): string {
    return this.gateway.url
  }

  get host(): string {
    return new URL(this.url).host
  }

  /** The access token that the provider has issued last. */
  get accessToken(): string {
    return this.newest('access_token')
  }

  newest(kind: 'access_token' | 'refresh_token'): string {
    return this.provider.needles.findLast((needle) => needle.kind === kind)?.value ?? ''
  }

  /** What a script of our own page sends with everything, as lines of a request. */
  get ownLines(): string[] {
    return [`Host: ${this.host}`, `Cookie: ${this.cookie}`, 'Sec-Fetch-Site: same-origin']
  }

  /** Everything that comes back for bytes as they are, up to the end of the connection. */
  async raw(bytes: string): Promise<string> {
    const wire = new Wire(this.url)
    wire.socket.write(Buffer.from(bytes, 'latin1'))
    return (await wire.ended).text
  }

  /** One request that is written as it stands. */
  send(line: string, headers: readonly string[] = [], body = ''): Promise<string> {
    return this.raw([line, ...headers, 'Connection: close', '', body].join('\r\n'))
  }

  /** A 502 of our own, which says nothing of the API and has no token; the log says why, without the token. */
  async expectRefused(answer: string, why: string): Promise<void> {
    expect(statuses(answer)).toEqual([502])
    expect(answer).toMatch(/\r\n\r\n\{"message":"Bad Gateway"\}$/)
    expect(answer).not.toContain(this.upstream.host)
    const requestId = /^X-Request-Id: (\S+)\r$/m.exec(answer)?.[1]
    const { program } = this.gateway
    const line = await program.line((each) => each.msg === 'request failed' && each.requestId === requestId)
    expect(JSON.stringify(line)).toContain(why)
    expect(program.output).not.toContain(this.accessToken)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    await this.upstream[Symbol.asyncDispose]()
    await this.provider[Symbol.asyncDispose]()
  }
}

export async function startProxied(settings: Environment = {}): Promise<Proxied> {
  const [provider, upstream] = await Promise.all([startOpenidProvider(), Upstream.start()])
  const gateway = await startGateway(provider, { ...upstream.settings, ...settings })
  const user = await gateway.login('/')
  return new Proxied(provider, upstream, gateway, user, await user.jar.getCookieString(gateway.url))
}

/** The statuses of all answers on a connection. */
export const statuses = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
