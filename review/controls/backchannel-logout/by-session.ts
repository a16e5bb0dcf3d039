import { type Control, finding } from '../../control.ts'
import { lab } from './lab/accounts.ts'

export const control: Control = {
  id: 'BCL-2.7-SID',
  standard: 'OIDC Back-Channel Logout',
  section: '2.7',
  level: 'MUST',
  demands: 'A logout token with a sid ends the session of that login, and no other.',
  met: ['bff/login/backchannel-logout.ts', 'bff/session/sessions.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, logIn, logOut } = await lab(target)
    const first = await logIn()
    const second = await logIn({ sub: first.sub })
    const other = await logIn()
    const { status } = await logOut(provider.logoutToken({ sub: first.sub, sid: first.sid }))
    const sessions = [
      ['the session of that login', first, false],
      ['the same user’s other session', second, true],
      ['another user’s session', other, true],
    ] as const
    const probes = sessions.map(async ([whose, account, expected]) => {
      const goesOn = await account.isLoggedIn()
      return { ok: goesOn === expected, seen: `${whose} ${goesOn ? 'goes on' : 'has ended'}` }
    })
    return finding([
      { ok: status === 200, seen: `a logout token with a sub and a sid → ${status}` },
      ...(await Promise.all(probes)),
    ])
  },
}
