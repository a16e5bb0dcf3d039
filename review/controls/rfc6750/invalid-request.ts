import { type Control, finding, probe } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'
import { ask } from '../rfc9068/lab/api.ts'
import { challengeOf, parameterOf } from './lab/challenges.ts'

export const control: Control = {
  id: 'RFC6750-3.1-REQUEST',
  standard: 'RFC 6750',
  section: '3.1',
  level: 'SHOULD',
  demands: 'A header that is malformed, or brings more than one token, is 400 and the error invalid_request.',
  met: ['api/access-token.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider } = await withProvider(target)
    const token = await provider.token()
    const headers = {
      'the scheme alone': 'Bearer',
      'a token and a word': `Bearer ${token} more`,
      'two tokens in one header': `Bearer ${token}, Bearer ${token}`,
      'no blank between scheme and token': `Bearer${token}`,
    }
    const probes = Object.entries(headers).map(async ([what, header]) => {
      const answer = await ask(target, header)
      const error = parameterOf(challengeOf(answer), 'error')
      return probe(answer.status === 400 && error === 'invalid_request', what, answer, 'www-authenticate')
    })
    return finding(await Promise.all(probes))
  },
}
