import { type Control, finding } from '../../control.ts'
import { cookiesSet } from '../../probes/cookies.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B6',
  standard: 'RFC 10017',
  section: '6.1.3.2',
  level: 'SHOULD',
  demands: 'The cookies of the gateway have Path=/.',
  met: ['bff/session/cookie.ts'],
  needs: 'nothing',
  check: async (target) => {
    const cookies = await cookiesSet(target)
    return finding(cookies.map((cookie) => ({ ok: cookie.attribute('path') === '/', seen: cookie.text })))
  },
}
