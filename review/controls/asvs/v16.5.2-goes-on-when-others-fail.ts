import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, probe } from '../../control.ts'
import { forsaken } from '../../probes/set-ups.ts'

export const control: Control = {
  id: 'ASVS-16.5.2',
  standard: 'ASVS 5.0',
  section: '16.5.2',
  level: 'L2',
  demands: 'While API and provider are away the gateway answers, says so, and keeps the sessions.',
  met: ['bff/edge/errors.ts', 'bff/session/refresh.ts', 'bff/login/login-errors.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { target: own, browser } = await forsaken(target)
    const page = await browser.open('/')
    const api = await browser.fetch(own.paths.api)
    const profile = await browser.fetch(own.paths.page)
    const login = await own.visitor().request(own.paths.login, { headers: navigationHeaders })
    return finding([
      probe(page.status === 200, 'GET / while API and provider are away', page),
      probe([502, 503, 504].includes(api.status), `GET ${own.paths.api}`, api),
      probe(profile.status === 200, `GET ${own.paths.page}, logged in`, profile),
      probe(
        [302, 303, 502, 503, 504].includes(login.status),
        `GET ${own.paths.login} by somebody new`,
        login,
      ),
    ])
  },
}
