import { type Control, finding, probe } from '../../control.ts'
import { responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-4.1.1',
  standard: 'ASVS 5.0',
  section: '4.1.1',
  level: 'L1',
  demands: 'Every answer with a body says what it is, and texts say in which character encoding.',
  met: ['bff/edge/errors.ts', 'bff/pages/assets.ts', 'shared/plain-answers.ts'],
  needs: 'nothing',
  check: async (target) => {
    const bodies = (await responses(target)).filter(({ page }) => page.text !== '')
    return finding(
      bodies.map(({ asked, page }) => {
        const type = page.headers.get('content-type') ?? ''
        const needsCharset = /^text\//i.test(type) || /[+/]xml\b/i.test(type)
        const isMarkup = /^\s*<(!doctype|html)/i.test(page.text)
        const isJson = /^\s*[{[]/.test(page.text) && !/^\s*\[?\w+\]?:/.test(page.text)
        const fits = isMarkup ? /^text\/html/i.test(type) : !isJson || !/^text\/html/i.test(type)
        return probe(
          type !== '' && fits && (!needsCharset || /charset=/i.test(type)),
          asked,
          page,
          'content-type',
        )
      }),
    )
  },
}
