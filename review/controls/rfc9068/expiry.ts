import type { Control } from '../../control.ts'
import { secondsFromNow } from '../backchannel-logout/lab/times.ts'
import { refuses } from './lab/api.ts'

export const control: Control = {
  id: 'RFC9068-4-EXP',
  standard: 'RFC 9068',
  section: '4',
  level: 'MUST',
  demands:
    'An access token counts until it expires, with a few minutes of leeway at most, and has to say when that is.',
  met: ['api/verify.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, (provider) => ({
      'that expired an hour ago': provider.token({ exp: secondsFromNow(-3600) }),
      'that expired ten minutes ago': provider.token({ exp: secondsFromNow(-600) }),
      'without an end': provider.token({ exp: undefined }),
      'whose end is no number': provider.token({ exp: String(secondsFromNow(60)) }),
    })),
}
