import { type Control, finding } from '../../control.ts'
import { sessionCookies } from '../../probes/cookies.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B8',
  standard: 'RFC 10017',
  section: '6.1.3.2',
  level: 'SHOULD',
  demands:
    'The name of the session cookie shows that it was set by this very host over HTTPS and not by a script.',
  met: ['bff/session/cookie.ts'],
  needs: 'embedded',
  check: async (target) => {
    const cookies = await sessionCookies(target)
    return finding(
      cookies.map((cookie) => ({ ok: cookie.name.startsWith('__Host-Http-'), seen: cookie.text })),
    )
  },
}
