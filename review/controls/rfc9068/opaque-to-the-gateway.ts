import { type Control, finding } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'
import { lab } from '../backchannel-logout/lab/accounts.ts'

export const control: Control = {
  id: 'RFC9068-6-OPAQUE',
  standard: 'RFC 9068',
  section: '6',
  level: 'MUST',
  demands: 'The gateway does not look into access tokens: it works as well with one that says nothing.',
  met: ['bff/session/session.ts', 'bff/pages/claims.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, logIn } = await lab(target)
    const account = await logIn().catch(() => undefined)
    const [accessToken = ''] = provider.issued.slice(-3)
    const issued = `a provider issues an access token of ${accessToken.length} characters that is no JWT`
    if (!account) return finding([{ ok: false, seen: `${issued}: its user cannot log in` }])
    const gateway = (await withProvider(target)).target
    const { status } = await account.browser.fetch(gateway.paths.api)
    return finding([
      { ok: !accessToken.includes('.'), seen: issued },
      { ok: await account.isLoggedIn(), seen: 'its user logs in and sees the own page' },
      {
        ok: status === 401,
        seen: `${gateway.paths.api} passes it on: the API, which wants a JWT, says ${status}`,
      },
    ])
  },
}
