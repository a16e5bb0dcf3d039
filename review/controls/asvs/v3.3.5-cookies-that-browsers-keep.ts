import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'
import { cookiesOf, cookiesSet } from '../../probes/cookies.ts'

export const control: Control = {
  id: 'ASVS-3.3.5',
  standard: 'ASVS 5.0',
  section: '3.3.5',
  level: 'L3',
  demands:
    'No cookie is longer than the 4096 bytes that browsers keep, also when a login begins at a very long address.',
  met: ['bff/session/ticket.ts', 'bff/edge/return-to.ts'],
  needs: 'nothing',
  check: async (target) => {
    const long = `${target.paths.page}?x=${'a'.repeat(3500)}`
    const visitor = target.visitor()
    const begun = await visitor.request(`${target.paths.login}?returnTo=${encodeURIComponent(long)}`, {
      headers: navigationHeaders,
    })
    const from = await visitor.request(long, { headers: navigationHeaders })
    const set = [...(await cookiesSet(target)), ...cookiesOf(begun), ...cookiesOf(from)]
    return finding(
      set.map((cookie) => ({ ok: cookie.size <= 4096, seen: `${cookie.size} bytes: ${cookie.text}` })),
    )
  },
}
