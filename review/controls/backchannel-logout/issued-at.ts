import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'
import { secondsFromNow } from './lab/times.ts'

export const control: Control = {
  id: 'BCL-2.6-IAT',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MUST',
  demands: 'A logout token has to say when it was issued.',
  met: ['bff/login/provider-tokens.ts', 'bff/login/logout-token.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => ({
      'without a time of issue': provider.logoutToken({ sub, iat: undefined }),
      'whose time of issue is no number': provider.logoutToken({ sub, iat: String(secondsFromNow(0)) }),
    })),
}
