import { type Control, finding, probe } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'
import { ask } from '../rfc9068/lab/api.ts'
import { challengeOf, parameterOf } from './lab/challenges.ts'

export const control: Control = {
  id: 'RFC6750-3.1-SCOPE',
  standard: 'RFC 6750',
  section: '3.1',
  level: 'SHOULD',
  demands: 'A good token that does not grant enough is 403 and the error insufficient_scope.',
  met: ['api/permissions.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider } = await withProvider(target)
    const answer = await ask(target, `Bearer ${await provider.token()}`, 'admin')
    const error = parameterOf(challengeOf(answer), 'error')
    return finding([
      probe(
        answer.status === 403 && error === 'insufficient_scope',
        'the admin message with a user’s token',
        answer,
        'www-authenticate',
      ),
    ])
  },
}
