import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'
import { isLoggedIn } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-3.5.3',
  standard: 'ASVS 5.0',
  section: '3.5.3',
  level: 'L1',
  demands: 'No GET, HEAD or OPTIONS ends a session or changes anything else.',
  met: ['bff/login/login.ts', 'bff/edge/refuse-method.ts'],
  needs: 'embedded',
  check: async (target) => {
    const probes: Probe[] = []
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      const browser = await target.freshLogin()
      const headers = { ...navigationHeaders, 'sec-fetch-site': 'same-origin' }
      const answer = await browser.request(target.paths.logout, { method, headers })
      const survives = await isLoggedIn(browser, target)
      probes.push(
        probe(
          survives,
          `${method} ${target.paths.logout}: the session ${survives ? 'goes on' : 'is over'}`,
          answer,
          'allow',
        ),
      )
    }
    return finding(probes)
  },
}
