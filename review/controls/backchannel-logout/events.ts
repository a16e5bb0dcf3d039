import { logoutEvent } from '../../../test/support/openid-provider.ts'
import type { Control } from '../../control.ts'
import { refuses } from './lab/refusals.ts'

export const control: Control = {
  id: 'BCL-2.6-EVENTS',
  standard: 'OIDC Back-Channel Logout',
  section: '2.6',
  level: 'MUST',
  demands: 'A logout token says by its events claim that it is one.',
  met: ['bff/login/logout-token.ts'],
  needs: 'embedded',
  check: (target) =>
    refuses(target, ({ provider, sub }) => ({
      'without events': provider.logoutToken({ sub, events: undefined }),
      'about another event': provider.logoutToken({
        sub,
        events: { 'http://schemas.openid.net/event/other': {} },
      }),
      'whose event is no object': provider.logoutToken({ sub, events: { [logoutEvent]: true } }),
      'whose events are a list': provider.logoutToken({ sub, events: [logoutEvent] }),
      'whose events are text': provider.logoutToken({ sub, events: logoutEvent }),
    })),
}
