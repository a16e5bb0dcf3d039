import { send } from '../../../test/support/browser.ts'
import { type Control, finding, notApplicable, probe } from '../../control.ts'
import { isRefused } from '../../probes/refused.ts'
import { cookieHeader } from '../../probes/visits.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B12',
  standard: 'RFC 10017',
  section: '6.1.3.3.2',
  level: 'MUST',
  demands: "Where a header of the application's own is the defence, no request is served without it.",
  met: ['bff/edge/cross-site.ts', 'bff/session/form-token.ts'],
  needs: 'login',
  check: async (target) => {
    const cookie = await cookieHeader(await target.loggedIn(), target)
    const ask = (method: string) => send(new URL(target.paths.api, target.baseUrl), method, { cookie })
    const get = await ask('GET')
    if (!isRefused(get))
      return notApplicable(
        `GET ${target.paths.api} without any such header → ${get.status}: it is not the defence`,
      )
    return finding(
      await Promise.all(
        ['HEAD', 'POST', 'OPTIONS'].map(async (method) => {
          const answer = await ask(method)
          return probe(isRefused(answer), `${method} without the header`, answer)
        }),
      ),
    )
  },
}
