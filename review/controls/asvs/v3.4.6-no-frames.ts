import { type Control, finding } from '../../control.ts'
import { policyOf, responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-3.4.6',
  standard: 'ASVS 5.0',
  section: '3.4.6',
  level: 'L2',
  demands: 'No page of another site can show an answer in a frame.',
  met: ['bff/edge/security-headers.ts', 'shared/plain-answers.ts'],
  needs: 'nothing',
  check: async (target) => {
    return finding(
      (await responses(target)).map(({ asked, page }) => {
        const ancestors = policyOf(page).get('frame-ancestors')
        const ok = ancestors !== undefined && /^('none'|'self')$/.test(ancestors.join(' '))
        return { ok, seen: `${asked} → frame-ancestors ${ancestors?.join(' ') ?? '(not in the policy)'}` }
      }),
    )
  },
}
