import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'

export const control: Control = {
  id: 'BCL-2.4-JTI',
  standard: 'OIDC Back-Channel Logout',
  section: '2.4',
  level: 'MUST',
  demands: 'A logout token has an identifier of its own.',
  met: ['bff/login/logout-token.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => ({
      'without an identifier': provider.logoutToken({ sub, jti: undefined }),
      'whose identifier is empty': provider.logoutToken({ sub, jti: '' }),
      'whose identifier is a number': provider.logoutToken({ sub, jti: 1 }),
    })),
}
