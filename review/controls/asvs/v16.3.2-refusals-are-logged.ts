import { type Control, finding, type Probe, probe } from '../../control.ts'
import { logged } from '../../probes/logged.ts'

export const control: Control = {
  id: 'ASVS-16.3.2',
  standard: 'ASVS 5.0',
  section: '16.3.2',
  level: 'L2',
  demands: 'Whoever was refused for want of a login or of a right stands in the log, with the reason.',
  met: ['bff/edge/errors.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { bff } = target.stack
    const probes: Probe[] = []
    const anonymous = await target.visitor().fetch(target.paths.api)
    const user = await (await target.loggedIn()).fetch('/api/messages/admin')
    for (const [what, answer] of [
      [`GET ${target.paths.api} by nobody`, anonymous],
      ['GET /api/messages/admin by a user without the right', user],
    ] as const) {
      const id = answer.headers.get('x-request-id')
      const line = await logged(() =>
        bff.log.find(({ requestId, status }) => requestId === id && Number(status) === answer.status),
      )
      probes.push(
        probe(
          line !== undefined,
          `${what}: ${line ? `"${String(line.msg)}" ${JSON.stringify(line.reason)}` : 'no line'}`,
          answer,
        ),
      )
    }
    return finding(probes)
  },
}
