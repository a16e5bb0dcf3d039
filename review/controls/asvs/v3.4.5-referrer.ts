import { type Control, finding, probe } from '../../control.ts'
import { responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-3.4.5',
  standard: 'ASVS 5.0',
  section: '3.4.5',
  level: 'L2',
  demands: 'No answer lets a browser tell other sites the path or query of an address here.',
  met: ['bff/edge/security-headers.ts', 'shared/plain-answers.ts'],
  needs: 'nothing',
  check: async (target) => {
    const good = ['no-referrer', 'same-origin', 'strict-origin', 'strict-origin-when-cross-origin', 'origin']
    return finding(
      (await responses(target)).map(({ asked, page }) =>
        probe(good.includes(page.headers.get('referrer-policy') ?? ''), asked, page, 'referrer-policy'),
      ),
    )
  },
}
