import { type Control, finding, type Probe } from '../../control.ts'
import { logged } from '../../probes/logged.ts'

export const control: Control = {
  id: 'ASVS-16.3.3',
  standard: 'ASVS 5.0',
  section: '16.3.3',
  level: 'L2',
  demands: 'Attempts to get round a defence stand in the log, with what was wrong.',
  met: ['bff/edge/errors.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { bff } = target.stack
    const { host } = new URL(target.baseUrl)
    const probes: Probe[] = []
    for (const [what, line, ...headers] of [
      [
        'a forged form',
        `POST ${target.paths.logout}`,
        `Host: ${host}`,
        'Sec-Fetch-Site: cross-site',
        'Content-Length: 0',
      ],
      ['an ambiguous path', 'GET /api/messages/..%2fadmin', `Host: ${host}`],
      ['a Host that is not ours', 'GET /', 'Host: evil.example'],
    ] as const) {
      const answer = await target.raw(
        [`${line} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n'),
      )
      const id = /^x-request-id: (\S+)/im.exec(answer)?.[1]
      const found = await logged(() =>
        bff.log.find(({ requestId, reason }) => requestId === id && reason !== undefined),
      )
      const seen = found ? `"${String(found.msg)}", ${String(found.reason)}` : 'no line with a reason'
      probes.push({ ok: found !== undefined, seen: `${what} → ${answer.slice(9, 12)}; in the log: ${seen}` })
    }
    return finding(probes)
  },
}
