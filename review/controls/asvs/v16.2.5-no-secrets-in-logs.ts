import { type Control, finding } from '../../control.ts'
import { journey, leaks } from '../../probes/received.ts'

export const control: Control = {
  id: 'ASVS-16.2.5',
  standard: 'ASVS 5.0',
  section: '16.2.5',
  level: 'L2',
  demands: 'No token, code, secret or session cookie is in the log.',
  met: ['shared/log.ts', 'bff/edge/request-log.ts'],
  needs: 'embedded',
  check: async (target) => {
    await journey(target)
    const log = [{ where: 'the log of the gateway', text: target.stack.bff.output }]
    const kinds = ['access_token', 'refresh_token', 'id_token', 'code', 'client_secret', 'code_verifier']
    const { found, looked } = await leaks(target, log, kinds)
    const cookies = [...target.secrets].filter((value) => target.stack.bff.output.includes(value))
    const size = target.stack.bff.output.length
    return finding([
      { ok: size > 0, seen: `The log has ${size} characters` },
      {
        ok: found.length === 0,
        seen: `${looked}: found ${found.map(({ kind }) => kind).join(', ') || 'none'}`,
      },
      { ok: cookies.length === 0, seen: `Of ${target.secrets.size} session cookies found ${cookies.length}` },
    ])
  },
}
