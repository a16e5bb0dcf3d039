import { json } from '../../../test/support/issuer.ts'
import { clientId, clientSecret, startOpenidProvider } from '../../../test/support/openid-provider.ts'
import { type Control, finding, probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-10.5.3',
  standard: 'ASVS 5.0',
  section: '10.5.3',
  level: 'L2',
  demands: 'Metadata that name another issuer than the one that was asked are refused.',
  met: ['bff/session/provider.ts', 'shared/issuer-keys.ts'],
  needs: 'embedded',
  check: async (target) => {
    await using provider = await startOpenidProvider()
    provider.discovery = json({ ...provider.metadata, issuer: 'https://impostor.example/' })
    const settings = {
      ISSUER_URL: provider.url,
      AUTH0_CLIENT_ID: clientId,
      AUTH0_CLIENT_SECRET: clientSecret,
    }
    // Awaited: the provider has to be there until it is done.
    return await target.embedded.another(settings, async (own) => {
      const browser = own.visitor()
      const page = await browser.open(own.paths.login)
      const isIn = (await browser.fetch(own.paths.page)).status < 300
      return finding([
        {
          ok: provider.asked.length > 0,
          seen: `The gateway asked the provider for ${[...new Set(provider.asked)].join(', ')}`,
        },
        probe(
          !isIn,
          `A login with metadata whose issuer is https://impostor.example/: logged in ${isIn}`,
          page,
        ),
      ])
    })
  },
}
