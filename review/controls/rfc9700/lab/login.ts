import { type Browser, navigationHeaders, type Page } from '../../../../test/support/browser.ts'
import { Visitor } from '../../../../test/support/tenant-visitor.ts'
import type { Target } from '../../../target.ts'

/** Where a browser that begins a login is sent, with everything that is asked of the identity provider. */
export async function authorizationRequest(target: Target, browser = target.visitor()): Promise<URL> {
  let url = new URL(target.paths.login, target.baseUrl)
  for (let hops = 0; hops < 5; hops += 1) {
    const { headers } = await browser.request(url, { headers: navigationHeaders })
    url = new URL(headers.get('location') ?? '', url)
    if (url.searchParams.has('client_id')) return url
  }
  throw new Error(`${target.paths.login} leads to no authorization request`)
}

/** Four of them: two logins in each of two browsers. */
export const authorizationRequests = (target: Target): Promise<readonly URL[]> =>
  target.once('authorization requests', async () => {
    const requests: URL[] = []
    for (const browser of [target.visitor(), target.visitor()]) {
      requests.push(await authorizationRequest(target, browser))
      requests.push(await authorizationRequest(target, browser))
    }
    return requests
  })

/** The parameters of the first of them, for what does not differ from one to the other. */
export const parameters = async (target: Target): Promise<URLSearchParams> =>
  ((await authorizationRequests(target))[0] as URL).searchParams

/** Where callbacks come in. */
export async function callbackPath(target: Target): Promise<string> {
  const address = (await parameters(target)).get('redirect_uri')
  return URL.parse(address ?? '')?.pathname ?? '/callback'
}

/** The callback that a user who logs in at the embedded tenant would be sent to. Nobody has followed it yet. */
export async function callbackFor(target: Target, request: URL, email = 'user@example.com'): Promise<URL> {
  const visitor = new Visitor(`${target.stack.tenantUrl}/`)
  const form = await visitor.open(request)
  const { location } = await visitor.submit(form, '', { email, password: 'Passw0rd!' })
  if (location === undefined) throw new Error('The tenant sent the user nowhere')
  return location
}

/** Begins a login in a browser; the callback it would end with. */
export const begunLogin = async (target: Target, browser: Browser, email?: string): Promise<URL> =>
  callbackFor(target, await authorizationRequest(target, browser), email)

/** Follows a callback, as the provider's redirect makes a browser do. */
export const follow = (target: Target, browser: Browser, callback: URL): Promise<Page> =>
  browser.open(callback, { from: new URL(target.stack.tenantUrl) })

/** Whether the page for those who are logged in is shown. */
export async function isLoggedIn(target: Target, browser: Browser): Promise<boolean> {
  const headers = { ...navigationHeaders, 'sec-fetch-site': 'same-origin' }
  return (await browser.request(target.paths.page, { headers })).status === 200
}

/** The same address with other parameters. */
export function changed(url: URL, changes: Readonly<Record<string, string | null>>): URL {
  const other = new URL(url)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) other.searchParams.delete(name)
    else other.searchParams.set(name, value)
  }
  return other
}
