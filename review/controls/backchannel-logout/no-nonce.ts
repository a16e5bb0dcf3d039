import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'

export const control: Control = {
  id: 'BCL-2.6-NONCE',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MUST',
  demands: 'A token with a nonce, as ID tokens have one, is no logout token.',
  met: ['bff/login/logout-token.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => ({
      'with a nonce': provider.logoutToken({ sub, nonce: 'x' }),
      'with an empty nonce': provider.logoutToken({ sub, nonce: '' }),
      'with a nonce that is null': provider.logoutToken({ sub, nonce: null }),
    })),
}
