import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'
import { forsaken } from '../../probes/set-ups.ts'

export const control: Control = {
  id: 'ASVS-16.5.1',
  standard: 'ASVS 5.0',
  section: '16.5.1',
  level: 'L2',
  demands: 'When something behind the gateway fails, the visitor learns neither where it is nor what it is.',
  met: ['bff/edge/errors.ts', 'bff/gateway/forward.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { target: own, browser } = await forsaken(target)
    const inside = [
      new URL(own.stack.apiUrl).host,
      String(own.stack.environment.API_PORT),
      'ECONNREFUSED',
      'node_modules',
    ]
    const probes: Probe[] = []
    for (const [asked, answer] of [
      [`GET ${own.paths.api}, the API is away`, await browser.fetch(own.paths.api)],
      [
        `GET ${own.paths.api} as a page`,
        await browser.request(own.paths.api, { headers: navigationHeaders }),
      ],
      ['a callback, the provider is away', await browser.open('/callback?code=x&state=x')],
    ] as const) {
      const told = inside.filter((word) => answer.text.includes(word))
      probes.push(
        probe(told.length === 0, `${asked}; it says ${told.join(', ') || 'nothing of the inside'}`, answer),
      )
    }
    return finding(probes)
  },
}
