import { type Control, finding } from '../../control.ts'
import { challengeOf, refusals } from './lab/challenges.ts'

export const control: Control = {
  id: 'RFC6750-3-ONCE',
  standard: 'RFC 6750',
  section: '3',
  level: 'MUST',
  demands: 'No parameter of a challenge is there twice.',
  met: ['api/access-token.ts', 'api/errors.ts'],
  needs: 'embedded',
  check: async (target) =>
    finding(
      Object.entries(await refusals(target)).map(([what, answer]) => {
        const names = challengeOf(answer)?.parameters.map(([name]) => name) ?? []
        return {
          ok: names.length > 0 && new Set(names).size === names.length,
          seen: `${what} → ${answer.status}, parameters: ${names.join(', ') || '(none)'}`,
        }
      }),
    ),
}
