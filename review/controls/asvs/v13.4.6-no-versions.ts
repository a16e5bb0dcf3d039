import { type Control, finding, probe } from '../../control.ts'
import { responses } from '../../probes/responses.ts'

export const control: Control = {
  id: 'ASVS-13.4.6',
  standard: 'ASVS 5.0',
  section: '13.4.6',
  level: 'L3',
  demands: 'No answer says which software of which version made it.',
  met: ['bff/app.ts'],
  needs: 'nothing',
  check: async (target) => {
    const telling = ['server', 'x-powered-by', 'via', 'x-aspnet-version', 'x-generator', 'x-runtime']
    return finding(
      (await responses(target)).map(({ asked, page }) => {
        const found = telling.filter((name) => page.headers.has(name))
        return probe(found.length === 0, asked, page, ...found)
      }),
    )
  },
}
