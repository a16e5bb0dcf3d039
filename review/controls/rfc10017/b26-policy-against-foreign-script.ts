import { type Control, finding } from '../../control.ts'
import { isHtml, policyOf, responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B26',
  standard: 'RFC 10017',
  section: '6.1.4.1',
  level: 'described',
  demands: 'A Content Security Policy keeps script from running that the gateway did not deliver.',
  met: ['bff/edge/security-headers.ts'],
  needs: 'nothing',
  check: async (target) => {
    const pages = (await responses(target)).filter(isHtml)
    if (pages.length === 0) throw new Error('No answer was a page')
    return finding(
      pages.map(({ asked, page }) => {
        const policy = policyOf(page)
        const sources = policy.get('script-src') ?? policy.get('default-src')
        const ok =
          sources !== undefined && !sources.some((source) => /unsafe|^\*$|^https?:$|^data:$/.test(source))
        return { ok, seen: `${asked} → script-src ${sources?.join(' ') ?? '(no policy)'}` }
      }),
    )
  },
}
