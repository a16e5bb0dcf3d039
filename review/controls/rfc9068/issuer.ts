import type { Control } from '../../control.ts'
import { refuses } from './lab/api.ts'

export const control: Control = {
  id: 'RFC9068-4-ISS',
  standard: 'RFC 9068',
  section: '4',
  level: 'MUST',
  demands: 'The issuer of an access token is exactly the one the API trusts.',
  met: ['api/verify.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, (provider) => ({
      'of another issuer': provider.token({ iss: 'https://other.example/' }),
      'whose issuer lacks the final slash': provider.token({ iss: provider.url.slice(0, -1) }),
      'whose issuer is a list': provider.token({ iss: [provider.url] }),
      'without an issuer': provider.token({ iss: undefined }),
    })),
}
