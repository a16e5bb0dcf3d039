import { type Control, finding, notApplicable } from '../../control.ts'
import { tickets } from '../../probes/logins.ts'

export const control: Control = {
  id: 'ASVS-7.2.3',
  standard: 'ASVS 5.0',
  section: '7.2.3',
  level: 'L1',
  demands: 'Session tokens have at least 128 bits that nobody can guess.',
  met: ['bff/session/ticket.ts'],
  needs: 'embedded',
  check: async (target) => {
    const logins = await tickets(target)
    const [name = ''] = logins[0]?.keys() ?? []
    const values = logins.map((login) => login.get(name) ?? '')
    const [first = ''] = values
    if (first.split('.').length === 5)
      return notApplicable(`${name} holds the session itself, encrypted; it is no reference`)
    const width = Math.min(...values.map((value) => value.length))
    // A place that is random differs among ten logins; one that is fixed, or counts, does not.
    const varied = [...Array(width).keys()].filter(
      (at) => new Set(values.map((value) => value.charAt(at))).size > values.length / 3,
    )
    const alphabet = values.every((value) => /^[0-9a-f-]*$/i.test(value)) ? 4 : 6
    const bits = varied.length * alphabet
    return finding([
      {
        ok: bits >= 128,
        seen: `${name}: ${width} characters, of which ${varied.length} differ among ${values.length} logins: at most ${bits} bits`,
      },
    ])
  },
}
