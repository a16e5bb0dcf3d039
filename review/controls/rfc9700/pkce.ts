import type { Control } from '../../control.ts'
import { asked } from './lab/asked.ts'

export const control: Control = {
  id: 'RFC9700-2.1.1-PKCE',
  standard: 'RFC 9700',
  section: '2.1.1',
  level: 'SHOULD',
  demands: 'A confidential client uses PKCE too, which binds a code to the login that asked for it.',
  met: ['bff/login/oidc.ts'],
  needs: 'nothing',
  check: asked((parameters) => {
    const challenge = parameters.get('code_challenge') ?? '(none)'
    // RFC 7636 section 4.2: 43 to 128 characters.
    const ok = /^[\w.~-]{43,128}$/.test(challenge)
    return [{ ok, seen: `the authorization request has code_challenge=${challenge}` }]
  }),
}
