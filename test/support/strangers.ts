import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Browser } from './browser.ts'
import { type Gateway, type OpenidProvider, startGateway, startOpenidProvider } from './openid-provider.ts'

/** The shipped gateway between an identity provider and an API that say whatever a test wants. */
export interface Strangers extends AsyncDisposable {
  readonly provider: OpenidProvider
  readonly gateway: Gateway
  /** What the API answers with. */
  answer: { status: number; body: string }
  /** Somebody of whom the provider says that, logged in. */
  login(
    claims: Readonly<Record<string, unknown>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Browser>
}

export async function meetStrangers(): Promise<Strangers> {
  const api = createServer((_req, res) => {
    const { status, body } = strangers.answer
    res.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1')
  const [provider] = await Promise.all([startOpenidProvider(), once(api, 'listening')])
  const { port } = api.address() as AddressInfo
  const gateway = await startGateway(provider, { API_SERVER_URL: `http://127.0.0.1:${port}` })
  const strangers: Strangers = {
    provider,
    gateway,
    answer: { status: 200, body: '{}' },
    login: (claims, headers) => {
      provider.user = { sub: 'auth0|user', ...claims }
      return gateway.login('/profile', new Browser(gateway.url, headers))
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]()
      await provider[Symbol.asyncDispose]()
      api.closeAllConnections()
      api.close()
    },
  }
  return strangers
}
