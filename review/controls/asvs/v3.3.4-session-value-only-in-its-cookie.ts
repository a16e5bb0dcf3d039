import { type Control, finding } from '../../control.ts'
import { sessionCookies } from '../../probes/cookies.ts'
import { receivedBy } from '../../probes/received.ts'

export const control: Control = {
  id: 'ASVS-3.3.4',
  standard: 'ASVS 5.0',
  section: '3.3.4',
  level: 'L2',
  demands: 'The session cookie is HttpOnly, and its value is in no page, header or address besides.',
  met: ['bff/session/cookie.ts', 'bff/pages/views.ts'],
  needs: 'embedded',
  check: async (target) => {
    const cookies = await sessionCookies(target)
    const browser = await target.loggedIn()
    for (const path of ['/', target.paths.page]) await browser.open(path)
    const elsewhere = receivedBy(browser, target).filter(({ where }) => !where.startsWith('set-cookie'))
    return finding(
      cookies.map((cookie) => {
        const found = elsewhere.filter(({ text }) => text.includes(cookie.value))
        return {
          ok: cookie.has('httponly') && found.length === 0,
          seen: `${cookie.text}; its value besides, in ${elsewhere.length} places: ${found.map(({ where }) => where).join(', ') || 'nowhere'}`,
        }
      }),
    )
  },
}
