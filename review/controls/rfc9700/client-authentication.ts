import { type Control, finding } from '../../control.ts'

export const control: Control = {
  id: 'RFC9700-2.5-ASYMMETRIC',
  standard: 'RFC 9700',
  section: '2.5',
  level: 'SHOULD',
  demands:
    'The gateway proves itself to the provider by a key of its own (private_key_jwt, mTLS), not by a shared secret.',
  met: ['bff/login/oidc.ts', 'bff/session/provider.ts'],
  needs: 'embedded',
  check: async (target) => {
    await target.loggedIn()
    const sent = target.stack.issuedTokens().filter(({ kind }) => kind === 'client_secret').length
    return finding([
      {
        ok: sent === 0,
        seen: `requests at the token endpoint that had the client’s secret in them: ${sent}`,
      },
    ])
  },
}
