import { attribute, elements } from '../../../test/support/browser.ts'
import { type Control, finding, probe } from '../../control.ts'
import { isLoggedIn } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-7.5.2',
  standard: 'ASVS 5.0',
  section: '7.5.2',
  level: 'L2',
  demands: 'A user sees all sessions of theirs and can end them, and is asked for the password again before.',
  met: ['bff/pages/your-sessions.ts', 'bff/pages/session-routes.ts'],
  needs: 'embedded',
  check: async (target) => {
    const mine = await target.freshLogin()
    const other = await target.freshLogin()
    const page = await mine.open('/sessions')
    const buttons = elements(page.text, 'button').filter((each) => attribute(each, 'name') === 'session')
    const answer = await mine.post(page, '/sessions/end', new URLSearchParams({ session: 'others' }))
    const isAsked =
      answer.url.origin !== target.baseUrl ||
      elements(answer.text, 'input').some((each) => attribute(each, 'type') === 'password')
    const isOver = !(await isLoggedIn(other, target))
    return finding([
      probe(
        page.status === 200 && buttons.length > 0,
        `GET /sessions: ${buttons.length} ways to end a session`,
        page,
      ),
      probe(
        isOver || isAsked,
        `The user ends all others: the other one is ${isOver ? 'over' : 'still there'}`,
        answer,
      ),
      { ok: isAsked, seen: `The password is asked for again before: ${isAsked}` },
    ])
  },
}
