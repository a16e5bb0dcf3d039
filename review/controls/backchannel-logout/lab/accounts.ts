import { randomUUID } from 'node:crypto'
import { type Browser, type Page, send } from '../../../../test/support/browser.ts'
import type { OpenidProvider } from '../../../../test/support/openid-provider.ts'
import { withProvider } from '../../../probes/set-ups.ts'
import type { Target } from '../../../target.ts'
import { isLoggedIn } from '../../rfc9700/lab/login.ts'

export const path = '/backchannel-logout'

export interface Account {
  readonly browser: Browser
  readonly sub: string
  readonly sid: string
  readonly isLoggedIn: () => Promise<boolean>
}

/** The gateway at a provider that signs whatever a control wants signed. */
export interface Lab {
  readonly provider: OpenidProvider
  /** Logs somebody in: nobody that another control knows, unless it says who. */
  readonly logIn: (user?: { readonly sub?: string; readonly sid?: string }) => Promise<Account>
  /** Sends a logout token as a provider does. */
  readonly logOut: (token: string | Promise<string>) => Promise<Page>
  /** The same for any body and headers. */
  readonly post: (body: string, headers?: Readonly<Record<string, string>>) => Promise<Page>
}

export async function lab(target: Target): Promise<Lab> {
  const { provider, target: gateway } = await withProvider(target)
  const post: Lab['post'] = (body, headers = {}) =>
    send(
      new URL(path, gateway.baseUrl),
      'POST',
      { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body,
    )
  return {
    provider,
    post,
    logIn: async (user = {}) => {
      const browser = gateway.visitor()
      const { sub = `user-${randomUUID()}`, sid = `sid-${randomUUID()}` } = user
      provider.user = { sub, sid }
      await browser.open(gateway.paths.login)
      const account = { browser, sub, sid, isLoggedIn: () => isLoggedIn(gateway, browser) }
      if (!(await account.isLoggedIn())) throw new Error('Logging in at the provider of the review failed')
      return account
    },
    logOut: async (token) => post(new URLSearchParams({ logout_token: await token }).toString()),
  }
}
