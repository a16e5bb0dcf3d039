import { decodeJwt } from 'jose'
import { runToEnd } from '../../../test/support/program.ts'
import { type Control, finding } from '../../control.ts'
import { isLoggedIn } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-7.4.5',
  standard: 'ASVS 5.0',
  section: '7.4.5',
  level: 'L2',
  demands: 'Whoever operates the gateway can end all sessions of a user at once.',
  met: ['bff/operator/sessions.ts', 'bff/session/sessions.ts'],
  needs: 'embedded',
  check: async (target) => {
    const browser = await target.freshLogin('admin@example.com')
    const idToken = target.stack.issuedTokens().findLast(({ kind }) => kind === 'id_token')?.value ?? ''
    const { sub = '' } = decodeJwt(idToken)
    const before = await isLoggedIn(browser, target)
    const ended = await runToEnd('bff/operator/main.ts', target.stack.environment, [
      'sessions',
      'end',
      '--sub',
      sub,
    ])
    const after = await isLoggedIn(browser, target)
    return finding([
      { ok: before, seen: `Before: logged in ${before}` },
      {
        ok: !after,
        seen: `npm run sessions -- end --sub … → ${ended.stdout.trim() || ended.stderr.trim()}; logged in ${after}`,
      },
    ])
  },
}
