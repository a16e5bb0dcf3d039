import { type Control, finding } from '../../control.ts'
import { cookieHeader, copyOf, isLoggedIn } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-7.2.4',
  standard: 'ASVS 5.0',
  section: '7.2.4',
  level: 'L1',
  demands: 'Logging in again makes a new session token, and the one from before is worthless from then on.',
  met: ['bff/login/login.ts'],
  needs: 'embedded',
  check: async (target) => {
    const browser = await target.freshLogin()
    const earlier = await copyOf(browser, target)
    const before = await cookieHeader(browser, target)
    const worked = await isLoggedIn(earlier, target)
    await browser
      .open(`${target.paths.login}?prompt=login`)
      .then((page) =>
        page.url.origin === target.baseUrl
          ? page
          : browser.submit(page, { email: 'user@example.com', password: 'Passw0rd!' }),
      )
    const isNew = (await cookieHeader(browser, target)) !== before
    const now = await isLoggedIn(browser, target)
    const stillWorks = await isLoggedIn(earlier, target)
    return finding([
      { ok: worked, seen: `The first cookie opens ${target.paths.api}: ${worked}` },
      { ok: isNew && now, seen: `After the second login the cookie is another: ${isNew}; it works: ${now}` },
      { ok: !stillWorks, seen: `The first cookie still works: ${stillWorks}` },
    ])
  },
}
