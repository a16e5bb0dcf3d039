import { type Control, finding } from '../../control.ts'
import { tickets } from '../../probes/logins.ts'

export const control: Control = {
  id: 'ASVS-7.2.2',
  standard: 'ASVS 5.0',
  section: '7.2.2',
  level: 'L1',
  demands: 'Session tokens are made anew for each login.',
  met: ['bff/session/ticket.ts'],
  needs: 'embedded',
  check: async (target) => {
    const logins = await tickets(target)
    const names = [...(logins[0]?.keys() ?? [])]
    const counts = names.map((name) => [name, new Set(logins.map((login) => login.get(name))).size] as const)
    // Others may be there that say the same each time.
    const ok = counts.some(([, different]) => different === logins.length)
    const seen = counts.map(([name, different]) => `${different} different values of ${name}`).join(', ')
    return finding([{ ok, seen: `${logins.length} logins of one user: ${seen || 'no cookie'}` }])
  },
}
