import { type Control, finding } from '../../control.ts'
import { cookiesSet } from '../../probes/cookies.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B3',
  standard: 'RFC 10017',
  section: '6.1.3.2',
  level: 'MUST',
  demands: 'Every cookie of the gateway has the attribute Secure.',
  met: ['bff/session/cookie.ts', 'bff/login/oidc.ts'],
  needs: 'nothing',
  check: async (target) => {
    const cookies = await cookiesSet(target)
    return finding(cookies.map((cookie) => ({ ok: cookie.has('secure'), seen: cookie.text })))
  },
}
