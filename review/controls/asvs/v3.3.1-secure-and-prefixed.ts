import { type Control, finding } from '../../control.ts'
import { cookiesSet } from '../../probes/cookies.ts'

export const control: Control = {
  id: 'ASVS-3.3.1',
  standard: 'ASVS 5.0',
  section: '3.3.1',
  level: 'L1',
  demands: 'Every cookie is Secure, and its name begins with __Host- or __Secure-.',
  met: ['bff/session/cookie.ts', 'bff/login/oidc.ts'],
  needs: 'nothing',
  check: async (target) => {
    const cookies = await cookiesSet(target)
    return finding(
      cookies.map((cookie) => ({
        ok: cookie.has('secure') && /^__(Host|Secure)-/.test(cookie.name),
        seen: cookie.text,
      })),
    )
  },
}
