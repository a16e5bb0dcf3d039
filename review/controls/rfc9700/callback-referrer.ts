import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'
import { callbackPath } from './lab/login.ts'

/** None of these tells another site more than our origin. */
const silent = ['no-referrer', 'same-origin', 'origin', 'strict-origin', 'origin-when-cross-origin']

export const control: Control = {
  id: 'RFC9700-4.2.4-REFERRER',
  standard: 'RFC 9700',
  section: '4.2.4',
  level: 'SHOULD',
  demands: 'The address of a callback, which has the code in it, is told to no other site as referrer.',
  met: ['bff/edge/security-headers.ts'],
  needs: 'nothing',
  check: async (target) => {
    const path = await callbackPath(target)
    const { status, headers } = await target
      .visitor()
      .request(`${path}?code=none&state=none`, { headers: navigationHeaders })
    const policy = headers.get('referrer-policy')
    // Of a list a browser takes the last that it knows.
    const last = policy?.split(',').at(-1)?.trim() ?? ''
    return finding([
      {
        ok: [...silent, 'strict-origin-when-cross-origin'].includes(last),
        seen: `GET ${path} with a code → ${status}, referrer-policy: ${policy ?? '(none)'}`,
      },
    ])
  },
}
