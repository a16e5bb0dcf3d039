import type { Browser } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'
import { lab } from '../backchannel-logout/lab/accounts.ts'
import { authorizationRequest, changed, isLoggedIn } from './lab/login.ts'

export const control: Control = {
  id: 'RFC9700-4.7.1-NO-PKCE',
  standard: 'RFC 9700',
  section: '4.7.1',
  level: 'MUST',
  demands:
    'Where a provider does not check PKCE, the nonce in the ID token ties it to the login all the same.',
  met: ['bff/login/oidc.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { target: gateway, provider } = await withProvider(target)
    // This provider redeems a code with any verifier.
    const begin = async (browser: Browser) => {
      const answer = await browser.request(await authorizationRequest(gateway, browser))
      return new URL(answer.headers.get('location') ?? '')
    }
    const follow = async (what: string, browser: Browser, callback: URL) => {
      const { status } = await browser.open(callback, { from: new URL(provider.url) })
      const isIn = await isLoggedIn(gateway, browser)
      return { isIn, seen: `${what} → ${status}, ${isIn ? 'logged in' : 'nobody is logged in'}` }
    }
    const thief = gateway.visitor()
    const own = await begin(thief)
    const stolen = await begin(gateway.visitor())
    const code = stolen.searchParams.get('code')
    const injected = await follow(
      'a callback with a stolen code and the own state',
      thief,
      changed(own, { code }),
    )

    const makeIdToken = provider.makeIdToken
    provider.makeIdToken = (claims) => makeIdToken({ ...claims, nonce: undefined })
    const browser = gateway.visitor()
    const without = await follow('a login whose ID token has no nonce', browser, await begin(browser))
    provider.makeIdToken = makeIdToken
    const { browser: good } = await (await lab(target)).logIn()
    return finding([
      { ok: !injected.isIn, seen: injected.seen },
      { ok: !without.isIn, seen: without.seen },
      { ok: await isLoggedIn(gateway, good), seen: 'a login whose ID token has the right nonce → logged in' },
    ])
  },
}
