import { send } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'

export const control: Control = {
  id: 'RFC9068-4-ID-TOKEN',
  standard: 'RFC 9068',
  section: '4',
  level: 'MUST',
  demands: 'A user’s ID token does not do as an access token.',
  met: ['api/verify.ts'],
  needs: 'embedded',
  check: async (target) => {
    await target.loggedIn()
    const { apiUrl } = target.stack
    const issued = (kind: string) =>
      target.stack.issuedTokens().findLast((each) => each.kind === kind)?.value ?? ''
    const ask = async (kind: string) => {
      const authorization = `Bearer ${issued(kind)}`
      return (await send(new URL('/api/messages/protected', apiUrl), 'GET', { authorization })).status
    }
    const [idToken, accessToken] = [await ask('id_token'), await ask('access_token')]
    return finding([
      { ok: idToken === 401, seen: `the API gets the ID token of a login → ${idToken}` },
      { ok: accessToken === 200, seen: `and the access token of the same login → ${accessToken}` },
    ])
  },
}
