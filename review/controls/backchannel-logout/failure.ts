import { send } from '../../../test/support/browser.ts'
import { clientId, clientSecret, startOpenidProvider } from '../../../test/support/openid-provider.ts'
import { type Control, finding, probe } from '../../control.ts'
import { path } from './lab/accounts.ts'

export const control: Control = {
  id: 'BCL-2.8-FAILED',
  standard: 'OIDC Back-Channel Logout',
  section: '2.8',
  level: 'MUST',
  demands: 'A logout that could not be done, by whatever reason, is answered with 400 as well.',
  met: ['bff/login/backchannel-logout.ts'],
  needs: 'embedded',
  check: async (target) => {
    await using provider = await startOpenidProvider()
    provider.keySet = (_req, res) => res.writeHead(500).end()
    const settings = {
      ISSUER_URL: provider.url,
      AUTH0_CLIENT_ID: clientId,
      AUTH0_CLIENT_SECRET: clientSecret,
    }
    return await target.embedded.another(settings, async ({ baseUrl }) => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const body = `logout_token=${await provider.logoutToken()}`
      const answer = await send(new URL(path, baseUrl), 'POST', form, body)
      return finding([
        probe(
          answer.status === 400,
          'a good logout token while the provider’s keys are out of reach',
          answer,
          'retry-after',
        ),
      ])
    })
  },
}
