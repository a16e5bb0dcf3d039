import type { Browser } from '../../test/support/browser.ts'
import {
  clientId,
  clientSecret,
  type OpenidProvider,
  startOpenidProvider,
} from '../../test/support/openid-provider.ts'
import { Upstream } from '../../test/support/upstream.ts'
import type { Target } from '../target.ts'

/** The same gateway in front of something that writes down what arrives in the place of the API. */
export const recorded = (target: Target): Promise<{ readonly target: Target; readonly upstream: Upstream }> =>
  target.once('recorded', async () => {
    const upstream = await Upstream.start()
    return { upstream, target: await target.embedded.keep(upstream.settings, upstream) }
  })

/** The same gateway with sessions that last seconds, and access tokens that last two. */
export const shortLived = (target: Target): Promise<Target> =>
  target.once('short-lived', () =>
    target.embedded.keep({
      SESSION_IDLE_SECONDS: '4',
      SESSION_ABSOLUTE_SECONDS: '8',
      TENANT_ACCESS_TOKEN_SECONDS: '2',
    }),
  )

/** The same gateway with a provider that says whatever a check wants it to say. */
export const withProvider = (
  target: Target,
): Promise<{ readonly target: Target; readonly provider: OpenidProvider }> =>
  target.once('provider', async () => {
    const provider = await startOpenidProvider()
    const settings = {
      ISSUER_URL: provider.url,
      AUTH0_CLIENT_ID: clientId,
      AUTH0_CLIENT_SECRET: clientSecret,
    }
    return { provider, target: await target.embedded.keep(settings, provider) }
  })

/** The same gateway, left alone by API and provider, and somebody who had logged in before. */
export const forsaken = (target: Target): Promise<{ readonly target: Target; readonly browser: Browser }> =>
  target.once('forsaken', async () => {
    const own = await target.embedded.keep({})
    const browser = await own.freshLogin()
    await Promise.all([own.stack.api.stop('SIGKILL'), own.stack.tenant.stop('SIGKILL')])
    return { target: own, browser }
  })
