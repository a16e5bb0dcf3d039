import type { Control } from '../../control.ts'
import { asked } from './lab/asked.ts'

export const control: Control = {
  id: 'RFC9700-2.1.2-CODE',
  standard: 'RFC 9700',
  section: '2.1.2',
  level: 'SHOULD',
  demands: 'The provider is asked for a code, not for tokens in its redirect.',
  met: ['bff/login/oidc.ts'],
  needs: 'nothing',
  check: asked((parameters) => {
    const [type, mode] = [parameters.get('response_type'), parameters.get('response_mode')]
    return [
      { ok: type === 'code', seen: `the authorization request has response_type=${type}` },
      { ok: mode !== 'fragment', seen: `response_mode=${mode ?? '(none)'}` },
    ]
  }),
}
