import { send } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'
import { isRefused } from '../../probes/refused.ts'
import { cookieHeader } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-3.5.8',
  standard: 'ASVS 5.0',
  section: '3.5.8',
  level: 'L3',
  demands: 'What needs a login is not delivered as a picture, script or frame of another site’s page.',
  met: ['bff/edge/cross-site.ts', 'bff/edge/security-headers.ts'],
  needs: 'login',
  check: async (target) => {
    const cookie = await cookieHeader(await target.loggedIn(), target)
    const probes: Probe[] = []
    for (const path of [target.paths.page, target.paths.api]) {
      for (const dest of ['image', 'script', 'iframe', 'object']) {
        const headers = {
          cookie,
          accept: '*/*',
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': dest === 'iframe' || dest === 'object' ? 'navigate' : 'no-cors',
          'sec-fetch-dest': dest,
        }
        const answer = await send(new URL(path, target.baseUrl), 'GET', headers)
        const ok =
          isRefused(answer) ||
          /^same-(origin|site)$/.test(answer.headers.get('cross-origin-resource-policy') ?? '')
        probes.push(
          probe(ok, `GET ${path} as ${dest} of another site`, answer, 'cross-origin-resource-policy'),
        )
      }
    }
    return finding(probes)
  },
}
