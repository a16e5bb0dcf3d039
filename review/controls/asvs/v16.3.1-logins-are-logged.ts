import { type Control, finding } from '../../control.ts'
import { logged } from '../../probes/logged.ts'

export const control: Control = {
  id: 'ASVS-16.3.1',
  standard: 'ASVS 5.0',
  section: '16.3.1',
  level: 'L2',
  demands: 'Each login, that succeeded or failed, is an event in the log: that it was one, and how it ended.',
  met: ['bff/edge/request-log.ts', 'bff/edge/errors.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { bff } = target.stack
    const from = bff.log.length
    await target.freshLogin()
    const succeeded = await logged(() =>
      bff.log.slice(from).find(({ msg }) => /log(ged)?.?in|authenticated|session begun/i.test(String(msg))),
    )
    const then = bff.log.length
    await target.visitor().open('/callback?error=access_denied&state=x')
    const failed = await logged(() =>
      bff.log
        .slice(then)
        .find(({ msg, reason }) => /refused|failed/.test(String(msg)) && reason !== undefined),
    )
    return finding([
      {
        ok: succeeded !== undefined,
        seen: `A login: ${succeeded ? `"${String(succeeded.msg)}"` : 'no line says that somebody logged in'}`,
      },
      {
        ok: failed !== undefined,
        seen: `A callback that fails: ${failed ? `"${String(failed.msg)}", ${String(failed.reason)}` : 'no line'}`,
      },
    ])
  },
}
