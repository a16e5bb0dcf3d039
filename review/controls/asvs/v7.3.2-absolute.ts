import { setTimeout as wait } from 'node:timers/promises'
import { type Control, finding } from '../../control.ts'
import { shortLived } from '../../probes/set-ups.ts'
import { isLoggedIn } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-7.3.2',
  standard: 'ASVS 5.0',
  section: '7.3.2',
  level: 'L2',
  demands: 'A session that is in use all the time ends all the same after the time that is set for that.',
  met: ['bff/session/sessions.ts'],
  needs: 'embedded',
  check: async (target) => {
    const short = await shortLived(target)
    const browser = await short.freshLogin()
    const seen: boolean[] = []
    for (const until = Date.now() + 9500; Date.now() < until; ) {
      seen.push(await isLoggedIn(browser, short))
      await wait(1000)
    }
    const after = await isLoggedIn(browser, short)
    return finding([
      {
        ok: seen[0] === true,
        seen: `With SESSION_ABSOLUTE_SECONDS=8, right after the login: logged in ${seen[0]}`,
      },
      { ok: !after, seen: `After 9.5 seconds with a request each second: logged in ${after}` },
    ])
  },
}
