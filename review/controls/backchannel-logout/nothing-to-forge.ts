import { send } from '../../../test/support/browser.ts'
import { type Control, finding, notApplicable, probe } from '../../control.ts'
import { path } from './lab/accounts.ts'

const bodies = { 'no token': '', 'no JWT': 'logout_token=x', 'a JWT of nobody’s': 'logout_token=e30.e30.' }

export const control: Control = {
  id: 'BCL-2.8-INVALID',
  standard: 'OIDC Back-Channel Logout',
  section: '2.8',
  level: 'MUST',
  demands: 'A logout request that is not valid is answered with 400.',
  met: ['bff/login/backchannel-logout.ts'],
  needs: 'nothing',
  check: async (target) => {
    const probes = []
    for (const [what, body] of Object.entries(bodies)) {
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await send(new URL(path, target.baseUrl), 'POST', form, body)
      if (answer.status === 404) return notApplicable(`POST ${path} → 404: there is no such endpoint`)
      probes.push(probe(answer.status === 400, `POST ${path} with ${what}`, answer))
    }
    return finding(probes)
  },
}
