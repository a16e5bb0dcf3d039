import { type Control, finding, probe } from '../../control.ts'
import { challengeOf, refusals } from './lab/challenges.ts'

export const control: Control = {
  id: 'RFC6750-3-BEARER',
  standard: 'RFC 6750',
  section: '3',
  level: 'MUST',
  demands: 'Every challenge is of the scheme Bearer and has at least one parameter.',
  met: ['api/access-token.ts', 'api/errors.ts'],
  needs: 'embedded',
  check: async (target) =>
    finding(
      Object.entries(await refusals(target)).map(([what, answer]) => {
        const challenge = challengeOf(answer)
        const count = challenge?.parameters.length ?? 0
        return probe(challenge?.scheme === 'Bearer' && count > 0, what, answer, 'www-authenticate')
      }),
    ),
}
