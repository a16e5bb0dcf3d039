import { type Control, finding, type Probe, probe } from '../../control.ts'
import { arrivedFor } from '../../probes/upstream.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B15',
  standard: 'RFC 10017',
  section: '6.1.3.6',
  level: 'MUST',
  demands: 'Only listed routes reach the API; whatever else stands below the same path does not.',
  met: ['bff/gateway/routes.ts', 'bff/gateway/match.ts'],
  needs: 'embedded',
  check: async (target) => {
    const probes: Probe[] = []
    const { answer: listed, arrived: atApi } = await arrivedFor(target, target.paths.api)
    probes.push(
      probe(
        atApi.length === 1,
        `GET ${target.paths.api}, which is listed: at the API ${atApi.length}`,
        listed,
      ),
    )
    for (const path of [
      '/api',
      '/api/',
      '/api/internal',
      '/api/messages',
      '/api/users/1',
      `${target.paths.api}?debug=1`,
    ]) {
      const { answer, arrived } = await arrivedFor(target, path)
      probes.push(probe(arrived.length === 0, `GET ${path}: at the API ${arrived.length}`, answer))
    }
    return finding(probes)
  },
}
