import { type Control, finding } from '../../control.ts'
import { sentUpwards } from './lab/upstream.ts'

export const control: Control = {
  id: 'RFC9700-4.3.2-QUERY',
  standard: 'RFC 9700',
  section: '4.3.2',
  level: 'MUST',
  demands: 'The gateway hands an access token over in the Authorization header, never in an address.',
  met: ['bff/gateway/headers.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { request, tokens } = await sentUpwards(target)
    const [scheme, token = ''] = request.headers.authorization?.split(' ') ?? []
    const inAddress = tokens.some((each) => request.url?.includes(each))
    return finding([
      {
        ok: scheme === 'Bearer' && tokens.includes(token),
        seen: `the API got authorization: ${scheme} ${tokens.includes(token) ? 'and the visitor’s token' : token}`,
      },
      {
        ok: !inAddress,
        seen: `and was asked for ${inAddress ? 'an address with a token in it' : request.url}`,
      },
    ])
  },
}
