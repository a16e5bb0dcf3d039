import { type Control, finding } from '../../control.ts'
import { journey, leaks, receivedBy } from '../../probes/received.ts'

export const control: Control = {
  id: 'ASVS-10.1.1',
  standard: 'ASVS 5.0',
  section: '10.1.1',
  level: 'L2',
  demands:
    'No access, refresh or ID token that the provider issued is in anything that the browser gets from login to logout.',
  met: ['bff/session/seal.ts', 'bff/gateway/answer.ts', 'bff/login/logout.ts'],
  needs: 'embedded',
  check: async (target) => {
    const haystack = receivedBy(await journey(target), target)
    const { found, looked } = await leaks(target, haystack, ['access_token', 'refresh_token', 'id_token'])
    return finding([
      { ok: found.length === 0, seen: `${looked}, from login to logout: found ${found.length}` },
      ...found.map(({ kind, where }) => ({ ok: false, seen: `${kind} in ${where}` })),
    ])
  },
}
