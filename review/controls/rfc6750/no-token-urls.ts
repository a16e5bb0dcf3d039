import { type Control, finding } from '../../control.ts'
import { journey, tokenShape } from '../../probes/received.ts'

export const control: Control = {
  id: 'RFC6750-5.3-URLS',
  standard: 'RFC 6750',
  section: '5.3',
  level: 'SHOULD',
  demands: 'No address that a browser is sent to, from login to logout, has a token in it.',
  met: ['bff/login/login.ts', 'bff/login/logout.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { seen } = await journey(target)
    const needles = target.stack.issuedTokens().filter(({ kind }) => kind.endsWith('_token'))
    const addresses = seen.flatMap(({ url, headers }) => [url.href, headers.get('location') ?? ''])
    const found = addresses.filter(
      (address) => tokenShape.test(address) || needles.some(({ value }) => address.includes(value)),
    )
    return finding([
      {
        ok: needles.length >= 3,
        seen: `${needles.length} tokens, ${addresses.filter(Boolean).length} addresses`,
      },
      {
        ok: found.length === 0,
        seen: `with a token: ${found.map((address) => address.split('?')[0]).join(', ') || 'none'}`,
      },
    ])
  },
}
