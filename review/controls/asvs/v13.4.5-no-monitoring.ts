import { type Control, finding, type Probe, probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-13.4.5',
  standard: 'ASVS 5.0',
  section: '13.4.5',
  level: 'L2',
  demands:
    'Monitoring and documentation of the inside are not to be had from outside; a health check says no more than its state.',
  met: ['bff/edge/health.ts'],
  needs: 'nothing',
  check: async (target) => {
    const inside = [
      '/metrics',
      '/debug',
      '/debug/pprof/',
      '/status',
      '/actuator',
      '/actuator/env',
      '/swagger',
      '/api-docs',
      '/openapi.json',
      '/env',
      '/config',
    ]
    const probes: Probe[] = []
    for (const path of inside) {
      const answer = await target.anonymous(path)
      probes.push(probe(answer.status >= 300, `GET ${path}`, answer))
    }
    for (const path of ['/livez', '/readyz', '/healthz', '/health']) {
      const answer = await target.anonymous(path)
      const isShort =
        answer.status >= 300 || !/version|host|redis|sqlite|memory|uptime|:\d{4}/i.test(answer.text)
      probes.push(
        probe(
          isShort,
          `GET ${path}: ${answer.status < 300 ? answer.text.slice(0, 60) : 'not there'}`,
          answer,
        ),
      )
    }
    return finding(probes)
  },
}
