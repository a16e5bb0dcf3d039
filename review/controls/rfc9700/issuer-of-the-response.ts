import { type Control, finding } from '../../control.ts'
import { accepted, refused } from './lab/callbacks.ts'
import { begunLogin, changed } from './lab/login.ts'

export const control: Control = {
  id: 'RFC9700-4.4.2.1-ISS',
  standard: 'RFC 9700',
  section: '4.4.2.1',
  level: 'MUST',
  demands:
    'A callback that names another issuer than the one that was asked is refused (with several issuers: mix-up).',
  met: ['bff/login/oidc.ts'],
  needs: 'embedded',
  check: async (target) => {
    const browser = target.visitor()
    const callback = await begunLogin(target, browser)
    const issuer = callback.searchParams.get('iss')
    return finding([
      { ok: issuer !== null, seen: `the provider names itself in its callback: iss=${issuer}` },
      await refused(target, 'with iss=https://other.example/', {
        browser,
        callback: changed(callback, { iss: 'https://other.example/' }),
      }),
      await accepted(target),
    ])
  },
}
