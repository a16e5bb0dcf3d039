import { type Control, finding } from '../../control.ts'
import { accepted, refused } from './lab/callbacks.ts'
import { authorizationRequest, begunLogin, changed } from './lab/login.ts'

export const control: Control = {
  id: 'RFC9700-2.1.1-BOUND',
  standard: 'RFC 9700',
  section: '2.1.1',
  level: 'MUST',
  demands: 'A login ends in the browser in which it was begun: a stolen code is no use in another.',
  met: ['bff/login/oidc.ts', 'bff/login/login.ts'],
  needs: 'embedded',
  check: async (target) => {
    const thief = target.visitor()
    const own = await authorizationRequest(target, thief)
    const stolen = () => begunLogin(target, target.visitor())
    return finding([
      await refused(target, 'of another browser’s login, where none was begun', {
        browser: target.visitor(),
        callback: await stolen(),
      }),
      await refused(target, 'of another browser’s login, where one was begun', {
        browser: thief,
        callback: await stolen(),
      }),
      await refused(target, 'with another login’s code and the own state (code injection)', {
        browser: thief,
        callback: changed(await stolen(), { state: own.searchParams.get('state') }),
      }),
      await accepted(target),
    ])
  },
}
