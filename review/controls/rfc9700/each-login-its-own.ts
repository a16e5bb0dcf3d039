import type { Control } from '../../control.ts'
import { asked } from './lab/asked.ts'

export const control: Control = {
  id: 'RFC9700-2.1.1-FRESH',
  standard: 'RFC 9700',
  section: '2.1.1',
  level: 'MUST',
  demands: 'PKCE challenge, nonce and state are made anew for each login, and cannot be guessed.',
  met: ['bff/login/oidc.ts'],
  needs: 'nothing',
  check: asked((_first, all) =>
    ['state', 'nonce', 'code_challenge'].map((name) => {
      const values = all.map((each) => each.get(name) ?? '')
      const different = new Set(values).size
      // 128 bits in base64url.
      const isLong = values.every((value) => value.length >= 22)
      return {
        ok: different === all.length && isLong,
        seen: `${different} different ${name} in ${all.length} authorization requests of two browsers, one of them ${values[0] || '(none)'}`,
      }
    }),
  ),
}
