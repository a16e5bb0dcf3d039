import { type Control, finding } from '../../control.ts'
import { lab } from './lab/accounts.ts'

export const control: Control = {
  id: 'BCL-2.6-REPLAY',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MAY',
  demands: 'A logout token counts once: who kept a copy cannot end the next login with it.',
  met: ['bff/login/backchannel-logout.ts', 'bff/session/sessions.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, logIn, logOut } = await lab(target)
    const { sub, ...first } = await logIn()
    const token = await provider.logoutToken({ sub })
    const once = await logOut(token)
    const ended = !(await first.isLoggedIn())
    const second = await logIn({ sub })
    const again = await logOut(token)
    const goesOn = await second.isLoggedIn()
    return finding([
      {
        ok: once.status === 200 && ended,
        seen: `a logout token → ${once.status}, the session ${ended ? 'has ended' : 'goes on'}`,
      },
      {
        ok: again.status === 400 && goesOn,
        seen: `the same token after the next login → ${again.status}, the new session ${goesOn ? 'goes on' : 'has ended'}`,
      },
    ])
  },
}
