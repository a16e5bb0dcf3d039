import { setTimeout as wait } from 'node:timers/promises'
import { embeddedClients } from '../../../shared/identity-provider.ts'
import { navigationHeaders, send } from '../../../test/support/browser.ts'
import { type Control, finding, probe } from '../../control.ts'
import { shortLived } from '../../probes/set-ups.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B23',
  standard: 'RFC 10017',
  section: '6.1.2.2',
  level: 'described',
  demands:
    'When the refresh token is no longer valid the session ends, and whoever comes with it has to log in again.',
  met: ['bff/session/refresh.ts'],
  needs: 'embedded',
  check: async (target) => {
    const short = await shortLived(target)
    const browser = await short.freshLogin()
    const token = short.stack.issuedTokens().findLast(({ kind }) => kind === 'refresh_token')?.value ?? ''
    const { id, secret } = embeddedClients.gateway
    const form = new URLSearchParams({ token, client_id: id, client_secret: secret })
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const revoked = await send(new URL('/oauth/revoke', short.stack.tenantUrl), 'POST', type, form.toString())
    await wait(2500)
    const api = await browser.fetch(short.paths.api)
    const page = await browser.request(short.paths.page, {
      headers: { ...navigationHeaders, 'sec-fetch-site': 'same-origin' },
    })
    return finding([
      probe(revoked.status === 200, 'The refresh token is revoked at the tenant', revoked),
      probe(
        api.status === 401,
        `GET ${short.paths.api} with the session, after the access token has expired`,
        api,
      ),
      probe(page.status >= 300 && page.status < 400, `GET ${short.paths.page}`, page, 'location'),
    ])
  },
}
