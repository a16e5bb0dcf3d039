import { send } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'

export const control: Control = {
  id: 'RFC6750-2.1-HEADER',
  standard: 'RFC 6750',
  section: '2.1',
  level: 'MUST',
  demands: 'The API takes a token from the Authorization header, whose scheme may be in any case.',
  met: ['api/access-token.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, target: other } = await withProvider(target)
    const token = await provider.token()
    const url = new URL('/api/messages/protected', other.stack.apiUrl)
    const probes = ['Bearer', 'bearer', 'BEARER'].map(async (scheme) => {
      const { status } = await send(url, 'GET', { authorization: `${scheme} ${token}` })
      return { ok: status === 200, seen: `Authorization: ${scheme} and a good token → ${status}` }
    })
    return finding(await Promise.all(probes))
  },
}
