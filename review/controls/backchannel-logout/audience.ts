import { clientId } from '../../../test/support/openid-provider.ts'
import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'

export const control: Control = {
  id: 'BCL-2.6-AUD',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MUST',
  demands: 'A logout token for another client is refused.',
  met: ['bff/login/provider-tokens.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => ({
      'for another client': provider.logoutToken({ sub, aud: 'another-client' }),
      'for others only': provider.logoutToken({ sub, aud: ['another-client', `${clientId}-2`] }),
      'for nobody': provider.logoutToken({ sub, aud: undefined }),
    })),
}
