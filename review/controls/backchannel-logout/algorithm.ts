import { createHmac, createPublicKey } from 'node:crypto'
import { clientSecret } from '../../../test/support/openid-provider.ts'
import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'

export const control: Control = {
  id: 'BCL-2.6-ALG',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MUST',
  demands:
    'The algorithm is the one of the provider’s ID tokens: not none, and no other of the token’s choice.',
  met: ['bff/login/provider-tokens.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => {
      const forged = (alg: string, signature: (input: Buffer) => Buffer) =>
        provider.forge(
          { alg, typ: 'logout+jwt', kid: 'first' },
          { ...provider.logoutClaims(), sub },
          signature,
        )
      const hmac = (secret: string | Buffer) => (input: Buffer) =>
        createHmac('sha256', secret).update(input).digest()
      const publicKey = createPublicKey({ key: { ...provider.key.jwk }, format: 'jwk' })
      return {
        'with alg none': forged('none', () => Buffer.alloc(0)),
        'with alg None': forged('None', () => Buffer.alloc(0)),
        'with HS256 by the client’s secret': forged('HS256', hmac(clientSecret)),
        'with HS256 by the public key': forged(
          'HS256',
          hmac(publicKey.export({ type: 'spki', format: 'pem' })),
        ),
      }
    }),
}
