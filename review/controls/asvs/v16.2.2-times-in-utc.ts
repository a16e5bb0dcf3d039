import { type Control, finding } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-16.2.2',
  standard: 'ASVS 5.0',
  section: '16.2.2',
  level: 'L2',
  demands: 'Times in the log are in UTC, to the millisecond.',
  met: ['shared/log.ts'],
  needs: 'embedded',
  check: async (target) => {
    await target.anonymous('/')
    const lines = target.stack.bff.log
    const bad = lines.filter(({ time }) => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(time)))
    return finding([
      {
        ok: lines.length > 0 && bad.length === 0,
        seen: `${lines.length} lines, without a time in UTC ${bad.length}; the last at ${String(lines.at(-1)?.time)}`,
      },
    ])
  },
}
