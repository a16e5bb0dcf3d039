import { attribute, elements } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'
import { waysOut } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-7.4.4',
  standard: 'ASVS 5.0',
  section: '7.4.4',
  level: 'L2',
  demands: 'Every page that needs a login has a way to log out.',
  met: ['views/partials/bar.eta'],
  needs: 'login',
  check: async (target) => {
    const links = elements((await target.own('/')).text, 'a').flatMap((each) => attribute(each, 'href') ?? [])
    const paths = [target.paths.page, ...links].filter(
      (path) => /^\/(?!\/)[\w/-]*$/.test(path) && path !== target.paths.logout,
    )
    const probes: Probe[] = []
    for (const path of new Set(paths)) {
      const page = await target.own(path)
      if (page.status >= 300 || !page.headers.get('content-type')?.startsWith('text/html')) continue
      const [way] = waysOut(page, target)
      probes.push(
        probe(
          way !== undefined,
          `GET ${path}, logged in: ${way ? `a ${way.tagName} to ${target.paths.logout}` : 'no way out'}`,
          page,
        ),
      )
    }
    if (probes.length === 0) throw new Error('There is no page to look at')
    return finding(probes)
  },
}
