import { type Control, finding } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'
import { ask } from './lab/api.ts'

const permission = 'read:admin-messages'

export const control: Control = {
  id: 'RFC9068-4-CLAIMS',
  standard: 'RFC 9068',
  section: '4',
  level: 'SHOULD',
  demands: 'The API decides by what the token grants, read as it is written.',
  met: ['api/permissions.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider } = await withProvider(target)
    const tokens: [string, object, number][] = [
      ['that grants nothing', {}, 403],
      ['that grants another permission', { permissions: ['read:messages'] }, 403],
      ['that grants more than one by text', { permissions: `x${permission}` }, 403],
      ['that grants it in capitals', { permissions: [permission.toUpperCase()] }, 403],
      ['of a user of that name', { sub: permission }, 403],
      ['that grants it', { permissions: [permission] }, 200],
    ]
    const probes = tokens.map(async ([what, claims, expected]) => {
      const { status } = await ask(target, `Bearer ${await provider.token({ ...claims })}`, 'admin')
      return { ok: status === expected, seen: `the admin message with a token ${what} → ${status}` }
    })
    return finding(await Promise.all(probes))
  },
}
