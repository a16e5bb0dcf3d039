import { type Control, finding } from '../../control.ts'
import { forged, sentUpwards } from './lab/upstream.ts'

export const control: Control = {
  id: 'RFC9700-4.13-SANITIZE',
  standard: 'RFC 9700',
  section: '4.13',
  level: 'MUST',
  demands:
    'The gateway, a reverse proxy to its API, passes on no header by which a client could speak as the gateway.',
  met: ['bff/gateway/headers.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { request } = await sentUpwards(target)
    return finding(
      Object.entries(forged).map(([name, value]) => {
        const arrived = request.headersDistinct[name] ?? []
        const isForged = arrived.some((each) => each.includes(value))
        const what = isForged ? 'the same' : arrived.length > 0 ? 'what the gateway says itself' : 'nothing'
        return { ok: !isForged, seen: `a script sends ${name}: ${value}; at the API arrives ${what}` }
      }),
    )
  },
}
