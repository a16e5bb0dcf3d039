import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'

export const control: Control = {
  id: 'BCL-2.6-SUB',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MUST',
  demands: 'A logout token names a user, a session or both, by text.',
  met: ['bff/login/logout-token.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub, sid }) => ({
      'with neither sub nor sid': provider.logoutToken({ sub: undefined }),
      'whose sub is a list': provider.logoutToken({ sub: [sub] }),
      'whose sid is an object': provider.logoutToken({ sub: undefined, sid: { [sid]: true } }),
      'whose sid is empty': provider.logoutToken({ sub, sid: '' }),
    })),
}
