import { type Control, finding, probe } from '../../control.ts'
import { lab } from './lab/accounts.ts'

export const control: Control = {
  id: 'BCL-2.8-OK',
  standard: 'OIDC Back-Channel Logout',
  section: '2.8',
  level: 'MUST',
  demands: 'A logout that succeeded is answered with 200.',
  met: ['bff/login/backchannel-logout.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, logIn, logOut } = await lab(target)
    const { sub, isLoggedIn } = await logIn()
    const answer = await logOut(provider.logoutToken({ sub }))
    const ended = !(await isLoggedIn())
    return finding([
      probe(answer.status === 200, 'a good logout token', answer),
      { ok: ended, seen: `and the session ${ended ? 'has ended' : 'goes on'}` },
    ])
  },
}
