import type { Control } from '../../control.ts'
import { refuses } from './lab/api.ts'

export const control: Control = {
  id: 'RFC9068-4-KIND',
  standard: 'RFC 9068',
  section: '4',
  level: 'MUST',
  demands: 'A token that says that it is of another kind, or of none, is no access token.',
  met: ['api/verify.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, (provider) => ({
      'of no type': provider.token({}, { typ: undefined as never }),
      'of the type logout+jwt': provider.token({}, { typ: 'logout+jwt' }),
      'of the type dpop+jwt': provider.token({}, { typ: 'dpop+jwt' }),
      'of a type that merely begins like it': provider.token({}, { typ: 'at+jwt2' }),
    })),
}
