import { type Control, finding } from '../../control.ts'
import { accepted, refused } from './lab/callbacks.ts'
import { authorizationRequest, begunLogin, callbackFor, changed } from './lab/login.ts'

/** The same state with another page to come back to in it, where it is JSON in base64url; else with other bits. */
function otherContents(state: string): string {
  try {
    const contents: unknown = JSON.parse(Buffer.from(state, 'base64url').toString())
    return Buffer.from(JSON.stringify({ ...(contents as object), returnTo: '/?other' })).toString('base64url')
  } catch {
    return (state.startsWith('A') ? 'B' : 'A') + state.slice(1)
  }
}

export const control: Control = {
  id: 'RFC9700-4.7.1-STATE',
  standard: 'RFC 9700',
  section: '4.7.1',
  level: 'MUST',
  demands: 'A state that carries something is protected against being changed and being swapped for another.',
  met: ['bff/login/oidc.ts'],
  needs: 'embedded',
  check: async (target) => {
    const tampered = target.visitor()
    const callback = await begunLogin(target, tampered)
    const state = otherContents(callback.searchParams.get('state') ?? '')
    const swapped = target.visitor()
    const [first, second] = [
      await authorizationRequest(target, swapped),
      await authorizationRequest(target, swapped),
    ]
    const ofFirst = await callbackFor(target, first)
    return finding([
      await refused(target, 'whose state was changed', {
        browser: tampered,
        callback: changed(callback, { state }),
      }),
      await refused(target, 'with the state of the same browser’s other login', {
        browser: swapped,
        callback: changed(ofFirst, { state: second.searchParams.get('state') }),
      }),
      await accepted(target),
    ])
  },
}
