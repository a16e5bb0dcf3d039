import { type Control, finding, probe } from '../../control.ts'
import { logged } from '../../probes/logged.ts'

export const control: Control = {
  id: 'ASVS-16.2.1',
  standard: 'ASVS 5.0',
  section: '16.2.1',
  level: 'L2',
  demands:
    'The log has a line for each request: when, what, how it ended, and a name for it that the client also gets.',
  met: ['bff/edge/request-log.ts'],
  needs: 'embedded',
  check: async (target) => {
    const answer = await target.visitor().fetch('/no-such-page-of-the-review')
    const id = answer.headers.get('x-request-id')
    const find = () =>
      target.stack.bff.log.find(
        (line) => line.path === '/no-such-page-of-the-review' && line.requestId === id,
      )
    const line = id === null ? undefined : await logged(find)
    const fields = Object.keys(line ?? {})
    const missing = ['time', 'level', 'requestId', 'method', 'path', 'status'].filter(
      (name) => !fields.includes(name),
    )
    return finding([
      probe(id !== null, 'GET /no-such-page-of-the-review', answer, 'x-request-id'),
      {
        ok: missing.length === 0,
        seen: `Its line in the log has ${fields.join(', ') || 'nothing: there is none'}`,
      },
    ])
  },
}
