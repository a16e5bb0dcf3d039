import { attribute, elements } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'
import { isHtml, responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-3.6.1',
  standard: 'ASVS 5.0',
  section: '3.6.1',
  level: 'L3',
  demands: 'Scripts and styles come from the gateway itself, or with a digest of what they have to be.',
  met: ['views/layouts/page.eta', 'bff/pages/assets.ts'],
  needs: 'nothing',
  check: async (target) => {
    const pages = (await responses(target)).filter(isHtml)
    if (pages.length === 0) throw new Error('No answer was a page')
    return finding(
      pages.map(({ asked, page }) => {
        const parts = [...elements(page.text, 'script'), ...elements(page.text, 'link')].flatMap(
          (element) => {
            const address = attribute(element, 'src') ?? attribute(element, 'href')
            const foreign =
              address !== undefined && URL.parse(address, page.url.href)?.origin !== page.url.origin
            return [{ address, bad: foreign && attribute(element, 'integrity') === undefined }]
          },
        )
        const bad = parts.filter((part) => part.bad).map(({ address }) => address)
        return {
          ok: bad.length === 0,
          seen: `${asked}: ${parts.length} scripts and links, foreign ones without a digest: ${bad.join(', ') || 'none'}`,
        }
      }),
    )
  },
}
