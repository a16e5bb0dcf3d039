import * as oauth from 'openid-client'
import { embeddedClients } from '../../shared/identity-provider.ts'
import type { TenantProgram } from './tenant-program.ts'
import { type Page, Visitor } from './tenant-visitor.ts'

export const audience = 'https://hello-world.example.com'
export const password = 'Passw0rd!'

type Changes = Readonly<Record<string, string | undefined>>

/** Plays the gateway: an OpenID client with its parameters, and visitors who log in through it. */
export class TenantClient {
  readonly oauth: oauth.Configuration
  readonly #tenant: TenantProgram
  readonly #verifier = oauth.randomPKCECodeVerifier()

  static async discover(tenant: TenantProgram): Promise<TenantClient> {
    const { id, secret } = embeddedClients.gateway
    const configuration = await oauth.discovery(
      new URL(tenant.issuer),
      id,
      undefined,
      oauth.ClientSecretPost(secret),
      { execute: [oauth.allowInsecureRequests] },
    )
    return new TenantClient(tenant, configuration)
  }

  constructor(tenant: TenantProgram, configuration: oauth.Configuration) {
    this.#tenant = tenant
    this.oauth = configuration
  }

  /** The parameters of the gateway's login; undefined takes one out. */
  async parameters(changes: Changes = {}): Promise<URLSearchParams> {
    const parameters = new URLSearchParams()
    const all = {
      redirect_uri: `${this.#tenant.gateway}/callback`,
      scope: 'openid profile email offline_access',
      audience,
      state: 'abc',
      nonce: 'xyz',
      code_challenge: await oauth.calculatePKCECodeChallenge(this.#verifier),
      code_challenge_method: 'S256',
      ...changes,
    }
    for (const [name, value] of Object.entries(all)) if (value !== undefined) parameters.set(name, value)
    return parameters
  }

  /** Follows /authorize to the login page, or back to the gateway when nothing is asked. */
  async openLogin(visitor: Visitor, changes?: Changes): Promise<Page> {
    return visitor.open(oauth.buildAuthorizationUrl(this.oauth, await this.parameters(changes)))
  }

  /** Trades the code in the redirect to the gateway for tokens. */
  exchange({ location, status, text }: Page): ReturnType<typeof oauth.authorizationCodeGrant> {
    if (!location) throw new Error(`no redirect to the gateway: ${status} ${text}`)
    return oauth.authorizationCodeGrant(this.oauth, location, {
      pkceCodeVerifier: this.#verifier,
      expectedState: 'abc',
      expectedNonce: 'xyz',
    })
  }

  async logIn(
    email: string,
    visitor: Visitor = new Visitor(this.#tenant.issuer),
    changes?: Changes,
  ): ReturnType<typeof oauth.authorizationCodeGrant> {
    const page = await this.openLogin(visitor, changes)
    return this.exchange(await visitor.submit(page, '', { email, password }))
  }

  async refresh(token: string | undefined): ReturnType<typeof oauth.refreshTokenGrant> {
    return oauth.refreshTokenGrant(this.oauth, token ?? '')
  }
}
