import { type Control, finding, probe } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'
import { ask } from '../rfc9068/lab/api.ts'
import { challengeOf, parameterOf } from './lab/challenges.ts'

export const control: Control = {
  id: 'RFC6750-3.1-TOKEN',
  standard: 'RFC 6750',
  section: '3.1',
  level: 'SHOULD',
  demands: 'A token that is expired, malformed or somebody else’s is 401 and the error invalid_token.',
  met: ['api/access-token.ts', 'api/verify.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider } = await withProvider(target)
    const tokens = {
      'an expired token': await provider.token({ exp: 1 }),
      'a token for another API': await provider.token({ aud: 'https://other.example' }),
      'no JWT': 'abc',
    }
    const probes = Object.entries(tokens).map(async ([what, token]) => {
      const answer = await ask(target, `Bearer ${token}`)
      const error = parameterOf(challengeOf(answer), 'error')
      return probe(answer.status === 401 && error === 'invalid_token', what, answer, 'www-authenticate')
    })
    return finding(await Promise.all(probes))
  },
}
