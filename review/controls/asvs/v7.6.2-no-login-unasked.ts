import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-7.6.2',
  standard: 'ASVS 5.0',
  section: '7.6.2',
  level: 'L2',
  demands:
    'No login begins without the visitor meaning it: not in a frame, not as a picture, not on a guess of the browser.',
  met: ['bff/edge/prefetch.ts', 'bff/edge/cross-site.ts'],
  needs: 'nothing',
  check: async (target) => {
    const probes: Probe[] = []
    const meant = await target.anonymous(target.paths.login)
    probes.push(
      probe(meant.status >= 300 && meant.status < 400, `GET ${target.paths.login} by a visitor`, meant),
    )
    for (const [what, headers] of [
      [
        'in a frame of another site',
        { ...navigationHeaders, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' },
      ],
      [
        'as a picture of another site',
        { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      ],
      ['on a guess of the browser', { ...navigationHeaders, 'sec-purpose': 'prefetch' }],
    ] as const) {
      const answer = await target.visitor().request(target.paths.login, { headers })
      const location = URL.parse(answer.headers.get('location') ?? '', target.baseUrl)
      const begins = location !== null && location.origin !== new URL(target.baseUrl).origin
      probes.push(
        probe(
          !begins,
          `GET ${target.paths.login} ${what}: ${begins ? 'a login begins' : 'no login begins'}`,
          answer,
        ),
      )
    }
    return finding(probes)
  },
}
