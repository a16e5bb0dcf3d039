import { encoded, newKey } from '../../../test/support/issuer.ts'
import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'

export const control: Control = {
  id: 'BCL-2.6-SIGN',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MUST',
  demands: 'A logout token counts by the signature of a key that the provider publishes.',
  met: ['bff/login/provider-tokens.ts', 'shared/issuer-keys.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, async ({ provider, sub }) => {
      const [head, , signature] = (await provider.logoutToken({ sub: 'somebody else' })).split('.')
      const changed = encoded({ ...provider.logoutClaims(), sub })
      return {
        'signed by another key of the same name': provider.logoutToken({ sub }, {}, await newKey('first')),
        'signed by a key that nobody published': provider.logoutToken({ sub }, {}, await newKey('unknown')),
        'that was changed after it was signed': `${head}.${changed}.${signature}`,
        'without its signature': (await provider.logoutToken({ sub })).replace(/[^.]+$/, ''),
      }
    }),
}
