import { type Control, finding } from '../../control.ts'
import { logOut } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-14.3.1',
  standard: 'ASVS 5.0',
  section: '14.3.1',
  level: 'L1',
  demands: 'A logout takes the session cookie away, and the Back button shows no page of the session again.',
  met: ['bff/login/logout.ts', 'bff/edge/security-headers.ts'],
  needs: 'embedded',
  check: async (target) => {
    const browser = await target.freshLogin()
    const names = (await browser.jar.getCookies(target.baseUrl)).map(({ key }) => key)
    const page = await browser.open(target.paths.page)
    await logOut(browser, target)
    const left = (await browser.jar.getCookies(target.baseUrl))
      .map(({ key }) => key)
      .filter((key) => names.includes(key))
    const control = page.headers.get('cache-control') ?? '(none)'
    return finding([
      {
        ok: left.length === 0,
        seen: `Session cookies after the logout: ${left.join(', ') || 'none'} (before: ${names.join(', ')})`,
      },
      {
        ok: control.includes('no-store'),
        seen: `GET ${target.paths.page}, logged in: Cache-Control ${control}`,
      },
    ])
  },
}
