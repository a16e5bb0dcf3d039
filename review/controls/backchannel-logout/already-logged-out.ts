import { randomUUID } from 'node:crypto'
import { type Control, finding, probe } from '../../control.ts'
import { lab } from './lab/accounts.ts'

export const control: Control = {
  id: 'BCL-2.7-GONE',
  standard: 'OIDC Back-Channel Logout',
  section: '2.7',
  level: 'MUST',
  demands:
    'Who is logged out already has been logged out: a good token about nobody who is here is a success.',
  met: ['bff/login/backchannel-logout.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, logOut } = await lab(target)
    const bySub = await logOut(provider.logoutToken({ sub: `nobody-${randomUUID()}` }))
    const bySid = await logOut(provider.logoutToken({ sub: undefined, sid: `nothing-${randomUUID()}` }))
    return finding([
      probe(bySub.status === 200, 'a good logout token about a user who is not here', bySub),
      probe(bySid.status === 200, 'one about a session that is not here', bySid),
    ])
  },
}
