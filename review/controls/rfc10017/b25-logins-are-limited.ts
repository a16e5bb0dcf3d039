import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B25',
  standard: 'RFC 10017',
  section: '6.1.4.1',
  level: 'described',
  demands: 'The gateway limits how often one client may ask for what costs most.',
  met: ['bff/edge/rate-limit.ts'],
  needs: 'embedded',
  check: async (target) => {
    return target.embedded.another({ LOGIN_RATE: '5' }, async (own) => {
      const statuses: number[] = []
      const browser = own.visitor()
      for (let count = 0; count < 8; count += 1)
        statuses.push((await browser.request(own.paths.login, { headers: navigationHeaders })).status)
      const last = browser.seen.at(-1)
      const retry = last?.headers.get('retry-after') ?? '(none)'
      return finding([
        {
          ok: statuses.slice(5).every((status) => status === 429),
          seen: `With LOGIN_RATE=5, eight times GET ${own.paths.login} → ${statuses.join(', ')}`,
        },
        { ok: Number(retry) > 0, seen: `Retry-After: ${retry}` },
      ])
    })
  },
}
