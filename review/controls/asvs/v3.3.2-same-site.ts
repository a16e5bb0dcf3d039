import { type Control, finding } from '../../control.ts'
import { cookiesSet } from '../../probes/cookies.ts'

export const control: Control = {
  id: 'ASVS-3.3.2',
  standard: 'ASVS 5.0',
  section: '3.3.2',
  level: 'L2',
  demands: 'Every cookie says with which requests of other sites it goes along, and that is not all of them.',
  met: ['bff/session/cookie.ts', 'bff/login/oidc.ts'],
  needs: 'nothing',
  check: async (target) => {
    const cookies = await cookiesSet(target)
    return finding(
      cookies.map((cookie) => ({
        ok: /^(strict|lax)$/.test(cookie.attribute('samesite')),
        seen: cookie.text,
      })),
    )
  },
}
