import { type Page, send } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'
import { lab, path } from './lab/accounts.ts'

export const control: Control = {
  id: 'BCL-2.5-FORM',
  standard: 'OIDC Back-Channel Logout',
  section: '2.5',
  level: 'MUST',
  demands: 'A logout token comes by POST, as the one logout_token of a form, and in no other way.',
  met: ['bff/login/backchannel-logout.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { provider, logIn, post, logOut } = await lab(target)
    const { baseUrl } = (await withProvider(target)).target
    let account = await logIn()
    const good = () => provider.logoutToken({ sub: account.sub })
    const probes: Probe[] = []
    const refused = async (what: string, answer: Promise<Page>) => {
      const { status } = await answer
      const goesOn = await account.isLoggedIn()
      const seen = `a good token ${what} → ${status}, the session ${goesOn ? 'goes on' : 'has ended'}`
      probes.push({ ok: status >= 400 && status < 500 && goesOn, seen })
      if (!goesOn) account = await logIn(account)
    }
    const inAddress = new URL(`${path}?logout_token=${await good()}`, baseUrl)
    await refused('by GET', send(inAddress, 'GET', {}))
    await refused('in the address of a POST', send(inAddress, 'POST', {}))
    const json = { 'content-type': 'application/json' }
    await refused('as JSON', post(JSON.stringify({ logout_token: await good() }), json))
    await refused('and another one', post(`logout_token=${await good()}&logout_token=${await good()}`))
    const { status } = await logOut(good())
    const ended = !(await account.isLoggedIn())
    const seen = `in a form → ${status}, the session ${ended ? 'has ended' : 'goes on'}`
    return finding([...probes, { ok: status === 200 && ended, seen }])
  },
}
