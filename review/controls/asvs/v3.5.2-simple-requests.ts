import { type Control, finding, type Probe, probe } from '../../control.ts'
import { crossSite, sameSite } from '../../probes/refused.ts'
import { arrivedFor } from '../../probes/upstream.ts'

export const control: Control = {
  id: 'ASVS-3.5.2',
  standard: 'ASVS 5.0',
  section: '3.5.2',
  level: 'L1',
  demands:
    'Requests that a foreign page can send without asking first reach nothing, whatever they have as a body.',
  met: ['bff/edge/cross-site.ts', 'bff/gateway/match.ts'],
  needs: 'embedded',
  check: async (target) => {
    const probes: Probe[] = []
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      for (const [who, headers] of [
        ['another site', crossSite],
        ['a neighbour', sameSite],
      ] as const) {
        const options = { method: 'POST', headers: { ...headers, 'content-type': type }, body: '{"a":1}' }
        const { answer, arrived } = await arrivedFor(target, target.paths.api, options)
        probes.push(
          probe(
            arrived.length === 0,
            `POST ${target.paths.api} (${type}) by ${who}: at the API ${arrived.length}`,
            answer,
          ),
        )
      }
    }
    return finding(probes)
  },
}
