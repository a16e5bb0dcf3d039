import { decodeJwt } from 'jose'
import { type Control, finding } from '../../control.ts'

export const control: Control = {
  id: 'RFC6750-5.3-HOUR',
  standard: 'RFC 6750',
  section: '5.3',
  level: 'SHOULD',
  demands: 'Access tokens are good for an hour at most.',
  met: ['tenant/config.ts', 'tenant/provider.ts'],
  needs: 'embedded',
  check: async (target) => {
    await target.loggedIn()
    const token = target.stack.issuedTokens().findLast(({ kind }) => kind === 'access_token')?.value ?? ''
    const { iat = 0, exp = Number.POSITIVE_INFINITY } = decodeJwt(token)
    return finding([
      { ok: exp - iat <= 3600, seen: `the access token of a login is good for ${exp - iat} seconds` },
    ])
  },
}
