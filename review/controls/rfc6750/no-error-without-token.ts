import type { Page } from '../../../test/support/browser.ts'
import { type Control, finding, probe } from '../../control.ts'
import { challengeOf, parameterOf, refusals } from './lab/challenges.ts'

export const control: Control = {
  id: 'RFC6750-3.1-NONE',
  standard: 'RFC 6750',
  section: '3.1',
  level: 'SHOULD',
  demands: 'Who brought no token is told 401 and nothing about an error.',
  met: ['api/access-token.ts', 'api/errors.ts'],
  needs: 'embedded',
  check: async (target) => {
    const answers = await refusals(target)
    return finding(
      ['no credentials', 'credentials of another scheme'].map((what) => {
        const answer = answers[what] as Page
        return probe(
          answer.status === 401 && parameterOf(challengeOf(answer), 'error') === undefined,
          what,
          answer,
          'www-authenticate',
        )
      }),
    )
  },
}
