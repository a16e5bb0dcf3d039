import { send } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'
import { crossSite, sameSite } from '../../probes/refused.ts'
import { cookieHeader, isLoggedIn } from '../../probes/visits.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B10',
  standard: 'RFC 10017',
  section: '6.1.3.3',
  level: 'MUST',
  demands:
    'Other sites, and other hosts of the same site, cannot make a browser change anything: the logout stands for all that changes something.',
  met: ['bff/edge/cross-site.ts', 'bff/session/form-token.ts', 'bff/login/login.ts'],
  needs: 'embedded',
  check: async (target) => {
    const probes: Probe[] = []
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const [who, headers] of [
      ['another site', crossSite],
      ['a neighbour', sameSite],
    ] as const) {
      for (const method of ['POST', 'GET']) {
        const victim = await target.freshLogin()
        const cookie = await cookieHeader(victim, target)
        const answer = await send(new URL(target.paths.logout, target.baseUrl), method, {
          ...headers,
          ...type,
          cookie,
        })
        for (const line of answer.headers.getSetCookie()) await victim.jar.setCookie(line, target.baseUrl)
        const survives = await isLoggedIn(victim, target)
        const result = survives ? 'the session goes on' : 'the session is over'
        probes.push(probe(survives, `${method} ${target.paths.logout} by ${who}: ${result}`, answer))
      }
    }
    return finding(probes)
  },
}
