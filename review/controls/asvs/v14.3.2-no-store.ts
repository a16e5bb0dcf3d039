import { type Control, finding, probe } from '../../control.ts'
import { responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-14.3.2',
  standard: 'ASVS 5.0',
  section: '14.3.2',
  level: 'L2',
  demands: 'What is made for one user is not kept by the browser either.',
  met: ['bff/edge/security-headers.ts'],
  needs: 'login',
  check: async (target) => {
    const answers = (await responses(target)).filter(({ asked }) => asked.endsWith('logged in'))
    return finding(
      answers.map(({ asked, page }) =>
        probe(/no-store/i.test(page.headers.get('cache-control') ?? ''), asked, page, 'cache-control'),
      ),
    )
  },
}
