import { clientId } from '../../../test/support/openid-provider.ts'
import type { Control } from '../../control.ts'
import { refuses } from '../rfc9068/lab/api.ts'

export const control: Control = {
  id: 'RFC9700-2.3-REFUSE',
  standard: 'RFC 9700',
  section: '2.3',
  level: 'MUST',
  demands: 'The API refuses to serve a token that was meant for another resource server.',
  met: ['api/verify.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, (provider) => ({
      'for another API': provider.token({ aud: 'https://other.example' }),
      'for the provider itself': provider.token({ aud: `${provider.url}userinfo` }),
      'for the gateway': provider.token({ aud: clientId }),
    })),
}
