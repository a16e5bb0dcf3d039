import { type Control, finding, type Probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-13.4.4',
  standard: 'ASVS 5.0',
  section: '13.4.4',
  level: 'L2',
  demands: 'TRACE and TRACK are refused, and nothing of the request comes back.',
  met: ['bff/edge/request-target.ts'],
  needs: 'nothing',
  check: async (target) => {
    const { host } = new URL(target.baseUrl)
    const probes: Probe[] = []
    for (const method of ['TRACE', 'TRACK']) {
      for (const path of ['/', target.paths.api]) {
        const text = await target.raw(
          `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Echo: come-back\r\nConnection: close\r\n\r\n`,
        )
        const status = text.slice(9, 12)
        probes.push({
          ok: /^(400|403|404|405|501)?$/.test(status) && !text.includes('come-back'),
          seen: `${method} ${path} → ${status || 'the end of the connection'}`,
        })
      }
    }
    return finding(probes)
  },
}
