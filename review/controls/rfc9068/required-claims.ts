import { decodeJwt, decodeProtectedHeader } from 'jose'
import { type Control, finding } from '../../control.ts'

const required = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']

export const control: Control = {
  id: 'RFC9068-2.2-CLAIMS',
  standard: 'RFC 9068',
  section: '2.2',
  level: 'MUST',
  demands: 'An access token has all claims that the profile requires, and its type.',
  met: ['tenant/access-token.ts', 'tenant/audience.ts'],
  needs: 'embedded',
  check: async (target) => {
    await target.loggedIn()
    const token = target.stack.issuedTokens().findLast(({ kind }) => kind === 'access_token')?.value ?? ''
    const claims = decodeJwt(token)
    const { typ, alg } = decodeProtectedHeader(token)
    return finding([
      { ok: typ === 'at+jwt', seen: `an access token of the embedded tenant has typ=${typ}, alg=${alg}` },
      ...required.map((name) => ({
        ok: claims[name] !== undefined,
        seen: `${name}: ${claims[name] === undefined ? 'missing' : 'there'}`,
      })),
    ])
  },
}
