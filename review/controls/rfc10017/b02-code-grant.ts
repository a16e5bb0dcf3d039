import { type Control, finding } from '../../control.ts'
import { firstLogin } from '../../probes/logins.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B2',
  standard: 'RFC 10017',
  section: '6.1.3.1',
  level: 'MUST',
  demands:
    'A login asks for an authorization code and for nothing else, protected as RFC 9700 section 2.1.1 says.',
  met: ['bff/login/oidc.ts'],
  needs: 'nothing',
  check: async (target) => {
    const { url } = await firstLogin(target)
    const type = url.searchParams.get('response_type')
    const challenge = url.searchParams.get('code_challenge')
    const nonce = url.searchParams.get('nonce')
    return finding([
      { ok: type === 'code', seen: `GET ${target.paths.login} → response_type=${type}` },
      {
        ok: challenge !== null || nonce !== null,
        seen: `against injected codes: ${challenge === null ? 'no PKCE' : 'PKCE'}, ${nonce === null ? 'no nonce' : 'a nonce'}`,
      },
    ])
  },
}
