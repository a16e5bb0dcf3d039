import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, probe } from '../../control.ts'
import { isRefused } from '../../probes/refused.ts'
import { policyOf } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-3.2.1',
  standard: 'ASVS 5.0',
  section: '3.2.1',
  level: 'L1',
  demands: 'An answer of the API, asked for as a page, is refused, sandboxed or offered as a download.',
  met: ['bff/edge/cross-site.ts'],
  needs: 'login',
  check: async (target) => {
    const browser = await target.loggedIn()
    const answer = await browser.request(target.paths.api, {
      headers: { ...navigationHeaders, 'sec-fetch-site': 'same-origin' },
    })
    const isSafe =
      isRefused(answer) ||
      policyOf(answer).has('sandbox') ||
      /^attachment/i.test(answer.headers.get('content-disposition') ?? '')
    return finding([
      probe(isSafe, `GET ${target.paths.api} as a page`, answer, 'content-type', 'content-disposition'),
    ])
  },
}
