import { Upstream } from '../../../test/support/upstream.ts'
import { type Control, finding, type Probe } from '../../control.ts'
import { steered } from '../../probes/upstream.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B13',
  standard: 'RFC 10017',
  section: '6.1.3.6',
  level: 'MUST',
  demands: 'Nothing in a request makes the gateway forward it to another host.',
  met: ['bff/gateway/forward.ts', 'bff/edge/request-target.ts'],
  needs: 'embedded',
  check: async (target) => {
    await using elsewhere = await Upstream.start()
    const { host } = new URL(target.baseUrl)
    const { api } = target.paths
    const attempts: readonly (readonly string[])[] = [
      [`GET http://${elsewhere.host}${api} HTTP/1.1`, `Host: ${host}`],
      [`GET //${elsewhere.host}${api} HTTP/1.1`, `Host: ${host}`],
      [`GET @${elsewhere.host}${api} HTTP/1.1`, `Host: ${host}`],
      [`GET ${api} HTTP/1.1`, `Host: ${elsewhere.host}`],
      [`GET ${api} HTTP/1.1`, `Host: ${host}`, `X-Forwarded-Host: ${elsewhere.host}`],
      [`GET ${api} HTTP/1.1`, `Host: ${host}`, `X-Original-URL: http://${elsewhere.host}/`],
    ]
    const probes: Probe[] = []
    for (const head of attempts) {
      const { status } = await steered(target, head)
      probes.push({ ok: elsewhere.arrived.length === 0, seen: `${head.join(' | ')} → ${status}` })
    }
    return finding([
      ...probes,
      {
        ok: elsewhere.arrived.length === 0,
        seen: `The other host received ${elsewhere.arrived.length} requests`,
      },
    ])
  },
}
