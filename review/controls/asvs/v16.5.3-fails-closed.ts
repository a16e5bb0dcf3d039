import { newKey } from '../../../test/support/issuer.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'

type Claims = Readonly<Record<string, unknown>>

export const control: Control = {
  id: 'ASVS-16.5.3',
  standard: 'ASVS 5.0',
  section: '16.5.3',
  level: 'L2',
  demands: 'A login whose proof cannot be checked logs nobody in.',
  met: ['bff/login/id-token.ts', 'shared/issuer-keys.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, target: own } = await withProvider(target)
    const usual = provider.makeIdToken
    const stranger = await newKey('stranger')
    const probes: Probe[] = []
    try {
      for (const [what, make] of [
        ['signed by a stranger', (claims: Claims) => provider.token(claims, { typ: 'JWT' }, stranger)],
        ['not signed at all', async (claims: Claims) => `${(await usual(claims)).split('.', 2).join('.')}.`],
        ['no token', () => 'nonsense'],
      ] as const) {
        provider.makeIdToken = make
        provider.user = { sub: 'auth0|forged', sid: 'forged' }
        const browser = own.visitor()
        const page = await browser.open(own.paths.login)
        const isIn = (await browser.fetch(own.paths.page)).status < 300
        probes.push(probe(!isIn, `A login whose ID token is ${what}: logged in ${isIn}`, page))
      }
    } finally {
      provider.makeIdToken = usual
    }
    return finding(probes)
  },
}
