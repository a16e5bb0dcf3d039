import { formHeaders, navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'
import { isLoggedIn, logOut } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-3.5.1',
  standard: 'ASVS 5.0',
  section: '3.5.1',
  level: 'L1',
  demands:
    'A form that changes something is obeyed only when it comes from a page of ours that was shown to this very session.',
  met: ['bff/session/form-token.ts', 'bff/edge/cross-site.ts'],
  needs: 'embedded',
  check: async (target) => {
    const attacker = await target.freshLogin()
    await attacker.open(target.paths.page)
    const victim = await target.freshLogin()
    const probes: Probe[] = []
    for (const [what, token] of [
      ['no token', ''],
      ['the token of somebody else’s page', attacker.formToken],
    ] as const) {
      const fields = token === '' ? {} : { token }
      const headers = { ...navigationHeaders, ...formHeaders(new URL(target.baseUrl).origin) }
      const answer = await victim.request(target.paths.logout, {
        method: 'POST',
        headers,
        body: new URLSearchParams(fields).toString(),
      })
      const survives = await isLoggedIn(victim, target)
      probes.push(
        probe(
          survives,
          `POST ${target.paths.logout} with ${what}: the session ${survives ? 'goes on' : 'is over'}`,
          answer,
        ),
      )
    }
    const answer = await logOut(victim, target)
    const isOver = !(await isLoggedIn(victim, target))
    return finding([
      ...probes,
      probe(isOver, `The form of the page itself: the session ${isOver ? 'is over' : 'goes on'}`, answer),
    ])
  },
}
