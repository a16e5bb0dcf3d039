import { type Control, finding } from '../../control.ts'
import { isLoggedIn } from '../rfc9700/lab/login.ts'

export const control: Control = {
  id: 'BCL-2.7-TENANT',
  standard: 'OIDC Back-Channel Logout',
  section: '2.7',
  level: 'MUST',
  demands: 'Who logs out at the identity provider is logged out here, whichever browser is asked.',
  met: ['bff/login/backchannel-logout.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { tenant, tenantUrl } = target.stack
    const before = tenant.log.length
    const browser = await target.freshLogin()
    const wasIn = await isLoggedIn(target, browser)
    // With the cookies of the tenant alone, as if it were done in another tab: the gateway’s cookie stays.
    const headers = { cookie: await browser.jar.getCookieString(tenantUrl) }
    await fetch(`${tenantUrl}/v2/logout?client_id=cloakroom`, { headers, redirect: 'manual' })
    const { msg } = await tenant.line(
      (line) => tenant.log.indexOf(line) >= before && String(line.msg).startsWith('back-channel logout'),
    )
    const goesOn = await isLoggedIn(target, browser)
    return finding([
      { ok: wasIn, seen: 'a user is logged in at gateway and tenant, and logs out at the tenant' },
      { ok: msg === 'back-channel logout delivered', seen: `the tenant says: ${String(msg)}` },
      { ok: !goesOn, seen: `the session at the gateway ${goesOn ? 'goes on' : 'has ended'}` },
    ])
  },
}
