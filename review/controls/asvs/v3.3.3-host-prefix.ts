import { type Control, finding } from '../../control.ts'
import { cookiesSet } from '../../probes/cookies.ts'

export const control: Control = {
  id: 'ASVS-3.3.3',
  standard: 'ASVS 5.0',
  section: '3.3.3',
  level: 'L2',
  demands:
    'The name of every cookie begins with __Host-, so that no other host of the domain can set or read it.',
  met: ['bff/session/cookie.ts', 'bff/login/oidc.ts'],
  needs: 'nothing',
  check: async (target) => {
    const cookies = await cookiesSet(target)
    return finding(cookies.map((cookie) => ({ ok: cookie.name.startsWith('__Host-'), seen: cookie.text })))
  },
}
