import { type Control, finding } from '../../control.ts'
import { begunLogin, follow, isLoggedIn } from './lab/login.ts'

export const control: Control = {
  id: 'RFC9700-4.2.4-ONCE',
  standard: 'RFC 9700',
  section: '4.2.4',
  level: 'SHOULD',
  demands: 'A state is good for one callback: a second one with it redeems nothing.',
  met: ['bff/login/login.ts', 'bff/login/oidc.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { tenant } = target.stack
    const redeemed = () => tenant.log.filter(({ grant }) => grant === 'authorization_code').length
    const browser = target.visitor()
    const callback = await begunLogin(target, browser)
    const { status } = await follow(target, browser, callback)
    const once = redeemed()
    const again = await follow(target, browser, callback)
    // The tenant writes its line before it answers; a login that follows is behind all there is.
    const other = target.visitor()
    await follow(target, other, await begunLogin(target, other))
    const more = redeemed() - once - 1
    return finding([
      { ok: await isLoggedIn(target, other), seen: `a callback → ${status}, its code is redeemed` },
      {
        ok: more === 0,
        seen: `the same callback in the same browser again → ${again.status}, codes that reached the token endpoint: ${more}`,
      },
    ])
  },
}
