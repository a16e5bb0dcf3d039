import { attribute, elements } from '../../../test/support/browser.ts'
import { type Control, finding, probe } from '../../control.ts'
import { logOut } from '../../probes/visits.ts'

export const control: Control = {
  id: 'ASVS-7.6.1',
  standard: 'ASVS 5.0',
  section: '7.6.1',
  level: 'L2',
  demands: 'A logout ends the session at the identity provider as well: the next login asks who it is.',
  met: ['bff/login/logout.ts'],
  needs: 'embedded',
  check: async (target) => {
    const browser = await target.freshLogin()
    const page = await logOut(browser, target)
    const again = await browser.open(target.paths.login)
    const asks =
      again.url.origin !== target.baseUrl &&
      elements(again.text, 'input').some((each) => attribute(each, 'type') === 'password')
    return finding([
      probe(true, `The logout ended at ${page.url.origin}${page.url.pathname}`, page),
      probe(
        asks,
        `The next login: ${asks ? 'the provider asks for the password' : 'nobody asks for anything'}`,
        again,
      ),
    ])
  },
}
