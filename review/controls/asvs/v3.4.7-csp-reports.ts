import { type Control, finding } from '../../control.ts'
import { isHtml, policyOf, responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-3.4.7',
  standard: 'ASVS 5.0',
  section: '3.4.7',
  level: 'L3',
  demands: 'The Content Security Policy says where browsers report what it has stopped.',
  met: ['bff/edge/security-headers.ts'],
  needs: 'nothing',
  check: async (target) => {
    const pages = (await responses(target)).filter(isHtml)
    return finding(
      pages.map(({ asked, page }) => {
        const policy = policyOf(page)
        const ok = policy.has('report-uri') || policy.has('report-to')
        return { ok, seen: `${asked} → ${ok ? 'reports are asked for' : 'neither report-to nor report-uri'}` }
      }),
    )
  },
}
