import { decodeJwt } from 'jose'
import { send } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'

export const control: Control = {
  id: 'RFC9700-2.2.1-SENDER',
  standard: 'RFC 9700',
  section: '2.2.1',
  level: 'SHOULD',
  demands: 'An access token is bound to who it was issued to (DPoP, mTLS): a stolen one is of no use.',
  met: ['api/access-token.ts'],
  needs: 'embedded',
  check: async (target) => {
    await target.loggedIn()
    const token = target.stack.issuedTokens().findLast(({ kind }) => kind === 'access_token')?.value ?? ''
    const { cnf } = decodeJwt(token)
    const stolen = await send(new URL('/api/messages/protected', target.stack.apiUrl), 'GET', {
      authorization: `Bearer ${token}`,
    })
    return finding([
      { ok: cnf !== undefined, seen: `the access token has cnf=${JSON.stringify(cnf) ?? '(none)'}` },
      {
        ok: stolen.status === 401,
        seen: `GET /api/messages/protected at the API by somebody else with that token → ${stolen.status}`,
      },
    ])
  },
}
