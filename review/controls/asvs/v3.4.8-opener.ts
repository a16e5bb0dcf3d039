import { type Control, finding, probe } from '../../control.ts'
import { isHtml, responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-3.4.8',
  standard: 'ASVS 5.0',
  section: '3.4.8',
  level: 'L3',
  demands: 'Every page is cut off from the windows of other sites that opened it.',
  met: ['bff/edge/security-headers.ts', 'shared/plain-answers.ts'],
  needs: 'nothing',
  check: async (target) => {
    const pages = (await responses(target)).filter(isHtml)
    if (pages.length === 0) throw new Error('No answer was a page')
    return finding(
      pages.map(({ asked, page }) =>
        probe(
          /^(same-origin|same-origin-allow-popups)$/.test(
            page.headers.get('cross-origin-opener-policy') ?? '',
          ),
          asked,
          page,
          'cross-origin-opener-policy',
        ),
      ),
    )
  },
}
