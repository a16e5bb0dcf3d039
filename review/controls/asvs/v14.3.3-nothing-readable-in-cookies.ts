import { type Control, finding } from '../../control.ts'
import { leaks, receivedBy } from '../../probes/received.ts'

export const control: Control = {
  id: 'ASVS-14.3.3',
  standard: 'ASVS 5.0',
  section: '14.3.3',
  level: 'L2',
  demands: 'No cookie holds a secret of a login that can be read in it: no token, no code, no PKCE verifier.',
  met: ['bff/login/oidc.ts', 'bff/session/ticket.ts'],
  needs: 'embedded',
  check: async (target) => {
    const browser = await target.freshLogin()
    const cookies = receivedBy(browser, target).filter(({ where }) => where.startsWith('set-cookie'))
    const kinds = ['access_token', 'refresh_token', 'id_token', 'code', 'code_verifier']
    const { found, looked } = await leaks(target, cookies, kinds)
    return finding([
      { ok: found.length === 0, seen: `${looked} (cookies of a login): found ${found.length}` },
      ...found.map(({ kind, where }) => ({ ok: false, seen: `${kind} in ${where}` })),
    ])
  },
}
