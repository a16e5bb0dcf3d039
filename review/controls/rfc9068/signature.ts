import { encoded, newKey } from '../../../test/support/issuer.ts'
import type { Control } from '../../control.ts'
import { refuses } from './lab/api.ts'

export const control: Control = {
  id: 'RFC9068-4-SIGN',
  standard: 'RFC 9068',
  section: '4',
  level: 'MUST',
  demands: 'An access token is signed by a key that the provider publishes, by no key that it brings along.',
  met: ['api/verify.ts', 'shared/issuer-keys.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, async (provider) => {
      const [head, , signature] = (await provider.token()).split('.')
      const mine = await newKey('mine')
      return {
        'signed by another key of the same name': provider.token({}, {}, await newKey('first')),
        'that was changed after it was signed': `${head}.${encoded({ ...provider.claims(), sub: 'admin' })}.${signature}`,
        'without its signature': `${head}.${encoded(provider.claims())}.`,
        'that brings its own key': provider.token({}, { jwk: mine.jwk }, mine),
        'that says where its key is': provider.token({}, { jku: 'https://other.example/keys' }, mine),
      }
    }),
}
