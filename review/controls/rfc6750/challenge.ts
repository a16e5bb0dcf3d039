import { type Control, finding, probe } from '../../control.ts'
import { refusals } from './lab/challenges.ts'

export const control: Control = {
  id: 'RFC6750-3-CHALLENGE',
  standard: 'RFC 6750',
  section: '3',
  level: 'MUST',
  demands: 'Who is refused for lack of a usable token is told by WWW-Authenticate.',
  met: ['api/access-token.ts', 'api/errors.ts'],
  needs: 'embedded',
  check: async (target) =>
    finding(
      Object.entries(await refusals(target)).map(([what, answer]) =>
        probe(
          answer.status >= 400 && answer.headers.has('www-authenticate'),
          what,
          answer,
          'www-authenticate',
        ),
      ),
    ),
}
