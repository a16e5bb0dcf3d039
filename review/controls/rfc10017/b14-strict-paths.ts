import { type Control, finding, type Probe } from '../../control.ts'
import { steered } from '../../probes/upstream.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B14',
  standard: 'RFC 10017',
  section: '6.1.3.6',
  level: 'MUST',
  demands: 'A path that two programs could read differently reaches nothing.',
  met: ['bff/edge/request-target.ts', 'bff/gateway/match.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { host } = new URL(target.baseUrl)
    const { api } = target.paths
    const last = api.slice(api.lastIndexOf('/') + 1)
    const parent = api.slice(0, -last.length)
    const paths = [
      `${parent}x/../${last}`,
      `${parent}%2e%2e/${last}`,
      `${parent}./${last}`,
      `${parent}/${last}`,
      `${parent}..%2f${last}`,
      `${parent}..%5c${last}`,
      `${api};x=1`,
      `${api}%00`,
      `${api}%3f`,
      `${api}/`,
      `${api.toUpperCase()}`,
    ]
    const probes: Probe[] = []
    for (const path of paths) {
      const { status, arrived } = await steered(target, [`GET ${path} HTTP/1.1`, `Host: ${host}`])
      const seen = `GET ${path} → ${status}; at the API: ${arrived.join(', ') || 'nothing'}`
      probes.push({ ok: arrived.length === 0, seen })
    }
    return finding(probes)
  },
}
