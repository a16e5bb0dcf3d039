import { type Control, finding, probe } from '../../control.ts'
import { responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-3.4.4',
  standard: 'ASVS 5.0',
  section: '3.4.4',
  level: 'L2',
  demands: 'Every answer forbids browsers to guess at its type.',
  met: ['bff/edge/security-headers.ts', 'shared/plain-answers.ts'],
  needs: 'nothing',
  check: async (target) => {
    return finding(
      (await responses(target)).map(({ asked, page }) =>
        probe(
          page.headers.get('x-content-type-options') === 'nosniff',
          asked,
          page,
          'x-content-type-options',
        ),
      ),
    )
  },
}
