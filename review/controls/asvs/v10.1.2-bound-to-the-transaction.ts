import { type Control, finding } from '../../control.ts'
import { beginLogin } from '../../probes/logins.ts'

export const control: Control = {
  id: 'ASVS-10.1.2',
  standard: 'ASVS 5.0',
  section: '10.1.2',
  level: 'L2',
  demands: 'What a login is recognised by cannot be guessed, and is another for each login.',
  met: ['bff/login/oidc.ts'],
  needs: 'nothing',
  check: async (target) => {
    const logins = await Promise.all([1, 2, 3, 4].map(() => beginLogin(target)))
    return finding(
      ['state', 'nonce', 'code_challenge'].map((name) => {
        const values = logins.map(({ url }) => url.searchParams.get(name) ?? '')
        const different = new Set(values).size
        const shortest = Math.min(...values.map((value) => value.length))
        return {
          ok: different === values.length && shortest >= 22,
          seen: `${name}: ${different} different values in ${values.length} logins, the shortest has ${shortest} characters`,
        }
      }),
    )
  },
}
