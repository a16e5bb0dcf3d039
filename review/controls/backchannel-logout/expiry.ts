import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'
import { secondsFromNow } from './lab/times.ts'

export const control: Control = {
  id: 'BCL-2.6-EXP',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MUST',
  demands: 'A logout token counts until it expires, and has to say when that is.',
  met: ['bff/login/provider-tokens.ts', 'bff/login/logout-token.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => ({
      'that has expired': provider.logoutToken({ sub, exp: secondsFromNow(-60) }),
      'without an end': provider.logoutToken({ sub, exp: undefined }),
      'whose end is no number': provider.logoutToken({ sub, exp: String(secondsFromNow(60)) }),
    })),
}
