import type { Control } from '../../control.ts'
import { refuses } from './lab/api.ts'

export const control: Control = {
  id: 'RFC9068-4-TYP',
  standard: 'RFC 9068',
  section: '4',
  level: 'MUST',
  demands: 'The API takes tokens of the type at+jwt only.',
  met: ['api/verify.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, (provider) => ({ 'of the type JWT': provider.token({}, { typ: 'JWT' }) })),
}
