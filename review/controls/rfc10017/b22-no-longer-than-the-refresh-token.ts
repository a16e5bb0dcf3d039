import { type Control, finding } from '../../control.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B22',
  standard: 'RFC 10017',
  section: '6.1.2.2',
  level: 'described',
  demands: 'A session does not last longer than its refresh token can.',
  met: ['bff/session/sessions.ts', 'bff/config.ts'],
  needs: 'embedded',
  check: async (target) => {
    const thirtyDays = 30 * 86_400_000
    const cookies = await (await target.loggedIn()).jar.getCookies(target.baseUrl)
    return finding(
      cookies.map((cookie) => {
        const left = (cookie.expiryTime() ?? Number.POSITIVE_INFINITY) - Date.now()
        const lasts = Number.isFinite(left)
          ? `${Math.round(left / 3_600_000)} hours`
          : 'as long as the browser'
        return {
          ok: left <= thirtyDays,
          seen: `${cookie.key} lasts ${lasts}; the tenant's refresh tokens 30 days`,
        }
      }),
    )
  },
}
