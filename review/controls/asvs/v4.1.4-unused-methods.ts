import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-4.1.4',
  standard: 'ASVS 5.0',
  section: '4.1.4',
  level: 'L3',
  demands: 'Methods that a page or route does not use are refused.',
  met: ['bff/edge/refuse-method.ts', 'bff/edge/request-target.ts', 'bff/gateway/match.ts'],
  needs: 'nothing',
  check: async (target) => {
    const probes: Probe[] = []
    const { origin } = new URL(target.baseUrl)
    for (const path of ['/', target.paths.page, target.paths.api, target.paths.login]) {
      for (const method of ['PUT', 'PATCH', 'DELETE', 'PROPFIND', 'SEARCH']) {
        const headers = { ...navigationHeaders, 'sec-fetch-site': 'same-origin', origin }
        const answer = await target.visitor().request(path, { method, headers })
        probes.push(probe([400, 403, 404, 405, 501].includes(answer.status), `${method} ${path}`, answer))
      }
    }
    return finding(probes)
  },
}
