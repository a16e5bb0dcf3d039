import { audience } from '../../../test/support/issuer.ts'
import type { Control } from '../../control.ts'
import { refuses } from './lab/api.ts'

export const control: Control = {
  id: 'RFC9068-4-AUD',
  standard: 'RFC 9068',
  section: '4',
  level: 'MUST',
  demands: 'The audience of an access token names this API.',
  met: ['api/verify.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, (provider) => ({
      'for another API': provider.token({ aud: 'https://other.example' }),
      'for an API whose name begins alike': provider.token({ aud: `${audience}/admin` }),
      'for others only': provider.token({ aud: ['https://other.example', 'https://more.example'] }),
      'for nobody': provider.token({ aud: undefined }),
    })),
}
