import { type Control, finding, type Probe, probe } from '../../control.ts'
import { arrivedFor } from '../../probes/upstream.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B16',
  standard: 'RFC 10017',
  section: '6.1.3.6',
  level: 'MAY',
  demands: 'A route takes the methods that are listed for it and no other.',
  met: ['bff/gateway/match.ts', 'bff/gateway/routes.ts'],
  needs: 'embedded',
  check: async (target) => {
    const probes: Probe[] = []
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const { answer, arrived } = await arrivedFor(target, target.paths.api, { method })
      probes.push(
        probe(
          arrived.length === 0,
          `${method} ${target.paths.api}: at the API ${arrived.length}`,
          answer,
          'allow',
        ),
      )
    }
    return finding(probes)
  },
}
