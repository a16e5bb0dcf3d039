import type { Control } from '../../control.ts'
import { asked } from './lab/asked.ts'

export const control: Control = {
  id: 'RFC9700-2.1.1-S256',
  standard: 'RFC 9700',
  section: '2.1.1',
  level: 'SHOULD',
  demands: 'The PKCE method does not show the verifier to who reads the authorization request: S256.',
  met: ['bff/login/oidc.ts'],
  needs: 'nothing',
  check: asked((parameters) => {
    const method = parameters.get('code_challenge_method')
    return [{ ok: method === 'S256', seen: `the authorization request has code_challenge_method=${method}` }]
  }),
}
