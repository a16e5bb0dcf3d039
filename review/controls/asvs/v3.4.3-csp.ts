import { type Control, finding, probe } from '../../control.ts'
import { policyOf, responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-3.4.3',
  standard: 'ASVS 5.0',
  section: '3.4.3',
  level: 'L2',
  demands:
    'Every answer has a Content Security Policy that names what may be loaded, and allows no plug-ins and no base address.',
  met: ['bff/edge/security-headers.ts', 'shared/plain-answers.ts'],
  needs: 'nothing',
  check: async (target) => {
    return finding(
      (await responses(target)).map(({ asked, page }) => {
        const policy = policyOf(page)
        const none = (name: string) => (policy.get(name) ?? []).join() === "'none'"
        const objects = policy.has('object-src') ? none('object-src') : none('default-src')
        // What loads nothing and is no page has no base address either.
        const base = none('base-uri') || !/^text\/html/i.test(page.headers.get('content-type') ?? '')
        return probe(objects && base, asked, page, 'content-security-policy')
      }),
    )
  },
}
