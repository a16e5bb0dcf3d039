import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'

export const control: Control = {
  id: 'BCL-2.6-ISS',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MUST',
  demands: 'A logout token of another issuer is refused; the name counts letter for letter.',
  met: ['bff/login/provider-tokens.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => ({
      'of another issuer': provider.logoutToken({ sub, iss: 'https://other.example/' }),
      'whose issuer lacks the final slash': provider.logoutToken({ sub, iss: provider.url.slice(0, -1) }),
      'whose issuer is a list': provider.logoutToken({ sub, iss: [provider.url] }),
      'without an issuer': provider.logoutToken({ sub, iss: undefined }),
    })),
}
