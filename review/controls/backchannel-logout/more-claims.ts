import { logoutEvent } from '../../../test/support/openid-provider.ts'
import { type Control, finding } from '../../control.ts'
import { lab } from './lab/accounts.ts'

export const control: Control = {
  id: 'BCL-2.4-MORE',
  standard: 'OIDC Back-Channel Logout',
  section: '2.4',
  level: 'MUST',
  demands: 'What a logout token says besides is ignored: it counts all the same.',
  met: ['bff/login/logout-token.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, logIn, logOut } = await lab(target)
    const account = await logIn()
    const events = { [logoutEvent]: { more: 1 }, 'https://other.example/event': {} }
    const { status } = await logOut(provider.logoutToken({ sub: account.sub, events, more: [1], acr: '1' }))
    const ended = !(await account.isLoggedIn())
    return finding([
      {
        ok: status === 200 && ended,
        seen: `a good logout token with more claims and more events → ${status}, the session ${ended ? 'has ended' : 'goes on'}`,
      },
    ])
  },
}
