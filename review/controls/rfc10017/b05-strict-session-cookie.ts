import { type Control, finding } from '../../control.ts'
import { sessionCookies } from '../../probes/cookies.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B5',
  standard: 'RFC 10017',
  section: '6.1.3.2',
  level: 'SHOULD',
  demands: 'The session cookie is SameSite=Strict.',
  met: ['bff/session/cookie.ts', 'bff/edge/cross-site.ts'],
  needs: 'embedded',
  check: async (target) => {
    const cookies = await sessionCookies(target)
    return finding(
      cookies.map((cookie) => ({ ok: cookie.attribute('samesite') === 'strict', seen: cookie.text })),
    )
  },
}
