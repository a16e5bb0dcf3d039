import { clientId } from '../../../test/support/openid-provider.ts'
import type { Control } from '../../control.ts'
import { loginsWith } from '../../probes/id-tokens.ts'

export const control: Control = {
  id: 'ASVS-10.5.4',
  standard: 'ASVS 5.0',
  section: '10.5.4',
  level: 'L2',
  demands: 'An ID token that was issued to another client logs nobody in.',
  met: ['bff/login/id-token.ts'],
  needs: 'embedded',
  check: async (target) => {
    return loginsWith(target, [
      ['as it should be', {}, true],
      ['for another client', { aud: 'another-client' }, false],
      [
        'for another client as well, made by that',
        { aud: ['another-client', clientId], azp: 'another-client' },
        false,
      ],
    ])
  },
}
