import { type Control, finding } from '../../control.ts'
import { lab } from './lab/accounts.ts'

export const control: Control = {
  id: 'BCL-2.7-OFFLINE',
  standard: 'OIDC Back-Channel Logout',
  section: '2.7',
  level: 'SHOULD',
  demands:
    'A refresh token that was issued for offline access normally outlives the session: it is not revoked.',
  met: ['bff/session/sessions.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, logIn, logOut } = await lab(target)
    const account = await logIn()
    const issued = provider.issued.slice(-3)
    const before = provider.revoked.length
    const { status } = await logOut(provider.logoutToken({ sub: account.sub }))
    // Only its ticket opens a session, so that what is to be done with its tokens is done when that is shown.
    const ended = !(await account.isLoggedIn())
    const isOurs = () =>
      provider.revoked.slice(before).some((token) => token !== null && issued.includes(token))
    // It goes out behind the answer: requests that follow are answered after it was sent.
    for (let turn = 0; turn < 40 && !isOurs(); turn += 1) await account.isLoggedIn()
    return finding([
      {
        ok: status === 200 && ended,
        seen: `a good logout token → ${status}, the session ${ended ? 'has ended' : 'goes on'}`,
      },
      {
        ok: !isOurs(),
        seen: `its refresh token, issued for offline_access, was ${isOurs() ? '' : 'not '}revoked`,
      },
    ])
  },
}
