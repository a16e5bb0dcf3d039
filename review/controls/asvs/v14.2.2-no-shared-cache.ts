import { type Control, finding, probe } from '../../control.ts'
import { responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-14.2.2',
  standard: 'ASVS 5.0',
  section: '14.2.2',
  level: 'L2',
  demands: 'What is made for one user is kept by no cache on the way.',
  met: ['bff/edge/security-headers.ts'],
  needs: 'login',
  check: async (target) => {
    const answers = (await responses(target)).filter(({ asked }) => asked.endsWith('logged in'))
    return finding(
      answers.map(({ asked, page }) => {
        const control = page.headers.get('cache-control') ?? ''
        return probe(
          /no-store|private/i.test(control) && !/public|s-maxage/i.test(control),
          asked,
          page,
          'cache-control',
        )
      }),
    )
  },
}
