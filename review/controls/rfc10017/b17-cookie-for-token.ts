import { type Control, finding, probe } from '../../control.ts'
import { arrivedFor } from '../../probes/upstream.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B17',
  standard: 'RFC 10017',
  section: '6.1.1',
  level: 'described',
  demands: "The API gets the visitor's access token in the place of the cookie.",
  met: ['bff/gateway/headers.ts', 'bff/gateway/proxy.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { answer, arrived, own } = await arrivedFor(target, target.paths.api)
    const { authorization = '', cookie } = arrived[0]?.request.headers ?? {}
    const tokens = own.stack.issuedTokens().filter(({ kind }) => kind === 'access_token')
    const isIssued = tokens.some(({ value }) => authorization === `Bearer ${value}`)
    return finding([
      probe(arrived.length === 1, `GET ${target.paths.api}: at the API ${arrived.length}`, answer),
      {
        ok: isIssued,
        seen: `Authorization at the API: ${isIssued ? 'an access token of the tenant' : authorization || '(none)'}`,
      },
      {
        ok: cookie === undefined,
        seen: `Cookie at the API: ${cookie === undefined ? '(none)' : 'the browser’s'}`,
      },
    ])
  },
}
