import { type Control, finding, notApplicable, probe } from '../../control.ts'
import { responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-3.4.1',
  standard: 'ASVS 5.0',
  section: '3.4.1',
  level: 'L1',
  demands: 'Every answer tells browsers to come by HTTPS only, for a year at least and on all sub-domains.',
  met: ['bff/edge/security-headers.ts'],
  needs: 'nothing',
  check: async (target) => {
    if (!target.baseUrl.startsWith('https:')) return notApplicable('Over http browsers ignore the header')
    return finding(
      (await responses(target)).map(({ asked, page }) => {
        const value = page.headers.get('strict-transport-security') ?? ''
        const age = Number(/max-age="?(\d+)/i.exec(value)?.[1] ?? 0)
        const ok = age >= 31_536_000 && /includeSubDomains/i.test(value)
        return probe(ok, asked, page, 'strict-transport-security')
      }),
    )
  },
}
