import { type Control, finding, probe } from '../../control.ts'
import { lab } from './lab/accounts.ts'

export const control: Control = {
  id: 'BCL-2.8-CACHE',
  standard: 'OIDC Back-Channel Logout',
  section: '2.8',
  level: 'SHOULD',
  demands: 'The answer to a logout request is not for caches.',
  met: ['bff/edge/security-headers.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, logOut, logIn } = await lab(target)
    const { sub } = await logIn()
    const answers = {
      'a good logout token': await logOut(provider.logoutToken({ sub })),
      'a bad one': await logOut('e30.e30.'),
    }
    return finding(
      Object.entries(answers).map(([what, answer]) =>
        probe(
          /\bno-store\b/.test(answer.headers.get('cache-control') ?? '') && answer.status < 500,
          what,
          answer,
          'cache-control',
        ),
      ),
    )
  },
}
