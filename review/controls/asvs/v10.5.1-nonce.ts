import type { Control } from '../../control.ts'
import { loginsWith } from '../../probes/id-tokens.ts'

export const control: Control = {
  id: 'ASVS-10.5.1',
  standard: 'ASVS 5.0',
  section: '10.5.1',
  level: 'L2',
  demands: 'An ID token that was made for another login logs nobody in.',
  met: ['bff/login/oidc.ts', 'bff/login/id-token.ts'],
  needs: 'embedded',
  check: async (target) => {
    return loginsWith(target, [
      ['as it should be', {}, true],
      ['with another nonce', { nonce: 'the-nonce-of-another-login' }, false],
      ['without a nonce', { nonce: undefined }, false],
    ])
  },
}
