import { type Control, finding } from '../../control.ts'
import { copyOf, isLoggedIn, logOut } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-7.4.1',
  standard: 'ASVS 5.0',
  section: '7.4.1',
  level: 'L1',
  demands: 'After a logout a copy of the session cookie opens nothing any more.',
  met: ['bff/login/logout.ts', 'bff/session/sessions.ts'],
  needs: 'embedded',
  check: async (target) => {
    const browser = await target.freshLogin()
    const copy = await copyOf(browser, target)
    const before = await isLoggedIn(copy, target)
    const page = await logOut(browser, target)
    const after = await isLoggedIn(copy, target)
    return finding([
      { ok: before, seen: `A copy of the cookie opens ${target.paths.api}: ${before}` },
      {
        ok: !after,
        seen: `After the logout, which ended at ${page.url.origin}${page.url.pathname}, the copy opens it: ${after}`,
      },
    ])
  },
}
