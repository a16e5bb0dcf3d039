import { type Control, finding } from '../../control.ts'
import { lab } from './lab/accounts.ts'

export const control: Control = {
  id: 'BCL-2.7-SUB',
  standard: 'OIDC Back-Channel Logout',
  section: '2.7',
  level: 'MUST',
  demands: 'A logout token without a sid ends all sessions of its user, and nobody else’s.',
  met: ['bff/login/backchannel-logout.ts', 'bff/session/sessions.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, logIn, logOut } = await lab(target)
    const first = await logIn()
    const second = await logIn({ sub: first.sub })
    const other = await logIn({ sub: `${first.sub}-2` })
    const { status } = await logOut(provider.logoutToken({ sub: first.sub }))
    const sessions = [
      ['the user’s first session', first, false],
      ['the user’s second session', second, false],
      ['the session of a user with a longer name', other, true],
    ] as const
    const probes = sessions.map(async ([whose, account, expected]) => {
      const goesOn = await account.isLoggedIn()
      return { ok: goesOn === expected, seen: `${whose} ${goesOn ? 'goes on' : 'has ended'}` }
    })
    return finding([
      { ok: status === 200, seen: `a logout token with a sub only → ${status}` },
      ...(await Promise.all(probes)),
    ])
  },
}
