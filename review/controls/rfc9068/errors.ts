import { type Control, finding, probe } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'
import { ask } from './lab/api.ts'

export const control: Control = {
  id: 'RFC9068-4-ERROR',
  standard: 'RFC 9068',
  section: '4',
  level: 'MUST',
  demands: 'Whatever is wrong with an access token, the answer is the error invalid_token of RFC 6750.',
  met: ['api/access-token.ts', 'api/verify.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider } = await withProvider(target)
    const tokens = {
      'that has expired': await provider.token({ exp: 1 }),
      'for another API': await provider.token({ aud: 'https://other.example' }),
      'of another issuer': await provider.token({ iss: 'https://other.example/' }),
      'with alg none': provider.forge({ alg: 'none' }, provider.claims(), () => Buffer.alloc(0)),
      'that is no JWT': 'abc',
    }
    const probes = Object.entries(tokens).map(async ([what, token]) => {
      const answer = await ask(target, `Bearer ${token}`)
      const challenge = answer.headers.get('www-authenticate') ?? ''
      return probe(
        /error="invalid_token"/.test(challenge),
        `an access token ${what}`,
        answer,
        'www-authenticate',
      )
    })
    return finding(await Promise.all(probes))
  },
}
