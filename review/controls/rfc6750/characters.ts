import { type Control, finding, probe } from '../../control.ts'
import { challengeOf, parameterOf, refusals } from './lab/challenges.ts'

export const control: Control = {
  id: 'RFC6750-3-CHARACTERS',
  standard: 'RFC 6750',
  section: '3',
  level: 'MUST',
  demands: 'Errors and their descriptions are of the printable characters that the standard allows.',
  met: ['api/access-token.ts', 'api/errors.ts'],
  needs: 'embedded',
  check: async (target) =>
    finding(
      Object.entries(await refusals(target)).map(([what, answer]) => {
        const challenge = challengeOf(answer)
        const texts = ['error', 'error_description'].map((name) => parameterOf(challenge, name) ?? '')
        return probe(
          challenge !== undefined && texts.every((text) => /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(text)),
          what,
          answer,
          'www-authenticate',
        )
      }),
    ),
}
