import { type Control, finding } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'
import { ask } from '../rfc9068/lab/api.ts'

export const control: Control = {
  id: 'RFC9700-2.3-ACTION',
  standard: 'RFC 9700',
  section: '2.3',
  level: 'MUST',
  demands: 'The API checks for every request that the token was meant for this very action.',
  met: ['api/permissions.ts', 'api/messages.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider } = await withProvider(target)
    const user = `Bearer ${await provider.token()}`
    const admin = `Bearer ${await provider.token({ permissions: ['read:admin-messages'] })}`
    const rows = [
      ['a user’s token', user, 'protected', 200],
      ['a user’s token', user, 'admin', 403],
      ['a token with the permission', admin, 'admin', 200],
      ['a user’s token again', user, 'admin', 403],
      ['no token', undefined, 'admin', 401],
    ] as const
    const probes = []
    for (const [whose, authorization, message, expected] of rows) {
      const { status } = await ask(target, authorization, message)
      probes.push({ ok: status === expected, seen: `the ${message} message with ${whose} → ${status}` })
    }
    return finding(probes)
  },
}
