import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'
import { secondsFromNow } from './lab/times.ts'

export const control: Control = {
  id: 'BCL-2.6-AGE',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MAY',
  demands: 'A logout token that was issued far from now, in the past or in the future, is refused.',
  met: ['bff/login/provider-tokens.ts', 'bff/login/logout-token.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => ({
      'of an hour ago': provider.logoutToken({ sub, iat: secondsFromNow(-3600), exp: secondsFromNow(3600) }),
      'of an hour to come': provider.logoutToken({
        sub,
        iat: secondsFromNow(3600),
        exp: secondsFromNow(7200),
      }),
    })),
}
