import { type Control, finding } from '../../control.ts'
import { accepted, refused } from './lab/callbacks.ts'
import { authorizationRequest, begunLogin, changed } from './lab/login.ts'

export const control: Control = {
  id: 'RFC9700-2.1-CSRF',
  standard: 'RFC 9700',
  section: '2.1',
  level: 'MUST',
  demands: 'Nobody can log a visitor in as somebody else by leading them to a callback.',
  met: ['bff/login/oidc.ts', 'bff/login/login.ts'],
  needs: 'embedded',
  check: async (target) => {
    // Who has a login of their own under way has everything that a callback looks for but the right values.
    const led = async (what: string, change: (callback: URL) => URL) => {
      const browser = target.visitor()
      await authorizationRequest(target, browser)
      const callback = await begunLogin(target, target.visitor(), 'admin@example.com')
      return refused(target, what, { browser, callback: change(callback) })
    }
    return finding([
      await led('with the attacker’s code and state', (callback) => callback),
      await led('with the attacker’s code and no state', (callback) => changed(callback, { state: null })),
      await led('with the attacker’s code and an empty state', (callback) =>
        changed(callback, { state: '' }),
      ),
      await accepted(target),
    ])
  },
}
