import { send } from '../../../test/support/browser.ts'
import { type Control, finding, probe } from '../../control.ts'
import { isRefused } from '../../probes/refused.ts'
import { cookieHeader } from '../../probes/visits.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B11',
  standard: 'RFC 10017',
  section: '6.1.3.3.2',
  level: 'SHOULD',
  demands:
    "Calls need a header of the application's own, which a foreign page cannot send without asking first.",
  met: ['bff/edge/cross-site.ts'],
  needs: 'login',
  check: async (target) => {
    const cookie = await cookieHeader(await target.loggedIn(), target)
    const answer = await send(new URL(target.paths.api, target.baseUrl), 'GET', { cookie })
    return finding([
      probe(
        isRefused(answer),
        `GET ${target.paths.api} with the cookie and no header of a page's own`,
        answer,
      ),
    ])
  },
}
