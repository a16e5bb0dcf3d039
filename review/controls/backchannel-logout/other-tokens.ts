import { clientId } from '../../../test/support/openid-provider.ts'
import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'

export const control: Control = {
  id: 'BCL-4.1-CONFUSION',
  standard: 'OIDC Back-Channel Logout',
  section: '4.1',
  level: 'SHOULD',
  demands: 'No other token that the provider signs does as a logout token.',
  met: ['bff/login/logout-token.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => ({
      'that is the user’s ID token': provider.issued.findLast((token) => token.startsWith('eyJ')) ?? '',
      'that is an access token for the gateway': provider.token({ sub, aud: clientId }),
      'that is an access token for the API': provider.token({ sub }),
    })),
}
