import { setTimeout as wait } from 'node:timers/promises'
import { type Control, finding } from '../../control.ts'
import { shortLived } from '../../probes/set-ups.ts'
import { isLoggedIn } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-7.3.1',
  standard: 'ASVS 5.0',
  section: '7.3.1',
  level: 'L2',
  demands: 'A session that nobody uses ends after the time that is set for that.',
  met: ['bff/session/sessions.ts'],
  needs: 'embedded',
  check: async (target) => {
    const short = await shortLived(target)
    const browser = await short.freshLogin()
    const before = await isLoggedIn(browser, short)
    await wait(5500)
    const after = await isLoggedIn(browser, short)
    return finding([
      { ok: before, seen: `With SESSION_IDLE_SECONDS=4, right after the login: logged in ${before}` },
      { ok: !after, seen: `After 5.5 seconds without a request: logged in ${after}` },
    ])
  },
}
