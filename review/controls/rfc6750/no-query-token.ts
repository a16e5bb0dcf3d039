import { send } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'

export const control: Control = {
  id: 'RFC6750-2.3-QUERY',
  standard: 'RFC 6750',
  section: '2.3',
  level: 'SHOULD',
  demands:
    'A token in an address, where it ends in logs and histories, is not taken; nor one in a cookie or a form.',
  met: ['api/access-token.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, target: other } = await withProvider(target)
    const token = await provider.token()
    const url = new URL('/api/messages/protected', other.stack.apiUrl)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const ways = {
      'in the query': await send(new URL(`?access_token=${token}`, url), 'GET', {}),
      'in a cookie': await send(url, 'GET', { cookie: `access_token=${token}` }),
      'in a form': await send(
        url,
        'GET',
        { ...form, 'content-length': `${token.length + 13}` },
        `access_token=${token}`,
      ),
      'in the header': await send(url, 'GET', { authorization: `Bearer ${token}` }),
    }
    return finding(
      Object.entries(ways).map(([way, { status }]) => ({
        ok: status === (way === 'in the header' ? 200 : 401),
        seen: `a good token ${way} → ${status}`,
      })),
    )
  },
}
