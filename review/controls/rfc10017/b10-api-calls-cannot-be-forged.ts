import { navigationHeaders, send } from '../../../test/support/browser.ts'
import { type Control, finding, probe } from '../../control.ts'
import { crossSite, isRefused, sameSite } from '../../probes/refused.ts'
import { cookieHeader } from '../../probes/visits.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B10-API',
  standard: 'RFC 10017',
  section: '6.1.3.3',
  level: 'MUST',
  demands:
    'A page of another site, or of another host of the same site, cannot make the gateway call the API as the visitor.',
  met: ['bff/edge/cross-site.ts'],
  needs: 'login',
  check: async (target) => {
    const browser = await target.loggedIn()
    const cookie = await cookieHeader(browser, target)
    const url = new URL(target.paths.api, target.baseUrl)
    const own = await browser.fetch(target.paths.api)
    const probes = [probe(own.status < 300, `GET ${target.paths.api} by a page of its own`, own)]
    for (const [who, headers] of [
      ['another site', crossSite],
      ['a neighbour', sameSite],
      ['a link', { ...navigationHeaders, 'sec-fetch-site': 'cross-site' }],
    ] as const) {
      const answer = await send(url, 'GET', { ...headers, cookie })
      probes.push(probe(isRefused(answer), `GET ${target.paths.api} by ${who}, with the cookie`, answer))
    }
    return finding(probes)
  },
}
