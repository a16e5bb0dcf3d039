import { type Control, finding, type Probe, probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-3.4.2',
  standard: 'ASVS 5.0',
  section: '3.4.2',
  level: 'L1',
  demands: 'No other origin is allowed to read answers, whatever it calls itself.',
  met: ['bff/edge/security-headers.ts', 'bff/gateway/headers.ts'],
  needs: 'nothing',
  check: async (target) => {
    const probes: Probe[] = []
    for (const origin of ['https://evil.example', 'null', `${target.baseUrl}.evil.example`]) {
      for (const path of ['/', target.paths.api]) {
        const preflight = {
          origin,
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'x-own',
        }
        for (const [method, headers] of [
          ['GET', { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }],
          ['OPTIONS', preflight],
        ] as const) {
          const answer = await target.visitor().request(path, { method, headers })
          const allowed = answer.headers.get('access-control-allow-origin')
          probes.push(
            probe(allowed === null, `${method} ${path} by ${origin}`, answer, 'access-control-allow-origin'),
          )
        }
      }
    }
    return finding(probes)
  },
}
