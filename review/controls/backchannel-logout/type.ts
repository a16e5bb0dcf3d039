import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'

export const control: Control = {
  id: 'BCL-2.4-TYP',
  standard: 'OIDC Back-Channel Logout',
  section: '2.4',
  level: 'SHOULD',
  demands: 'A logout token is typed logout+jwt, and a token of another type is not taken for one.',
  met: ['bff/login/logout-token.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => ({
      'of the type JWT': provider.logoutToken({ sub }, { typ: 'JWT' }),
      'of the type at+jwt': provider.logoutToken({ sub }, { typ: 'at+jwt' }),
      'of no type': provider.logoutToken({ sub }, { typ: undefined as never }),
    })),
}
