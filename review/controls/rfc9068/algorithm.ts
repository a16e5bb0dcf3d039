import { createHmac, createPublicKey } from 'node:crypto'
import type { Control } from '../../control.ts'
import { refuses } from './lab/api.ts'

export const control: Control = {
  id: 'RFC9068-4-ALG',
  standard: 'RFC 9068',
  section: '4',
  level: 'MUST',
  demands: 'An access token with alg none, or with an algorithm of its own choice, is refused.',
  met: ['api/verify.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, (provider) => {
      const forged = (alg: string, signature: (input: Buffer) => Buffer) =>
        provider.forge({ alg, typ: 'at+jwt', kid: 'first' }, provider.claims(), signature)
      const publicKey = createPublicKey({ key: { ...provider.key.jwk }, format: 'jwk' })
      const secret = publicKey.export({ type: 'spki', format: 'pem' })
      return {
        'with alg none': forged('none', () => Buffer.alloc(0)),
        'with alg None': forged('None', () => Buffer.alloc(0)),
        'with HS256 by the public key': forged('HS256', (input) =>
          createHmac('sha256', secret).update(input).digest(),
        ),
      }
    }),
}
