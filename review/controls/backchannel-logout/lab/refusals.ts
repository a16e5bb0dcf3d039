import { type Finding, finding } from '../../../control.ts'
import type { Target } from '../../../target.ts'
import { type Account, type Lab, lab } from './accounts.ts'

type Tokens = Readonly<Record<string, string | Promise<string>>>

/**
 * Logout tokens with one fault each, for somebody who is logged in: 400, and the session goes on. In the end the same
 * token without a fault: without it a gateway that obeys no token would pass.
 */
export async function refuses(
  target: Target,
  faults: (about: Lab & Account) => Tokens | Promise<Tokens>,
): Promise<Finding> {
  const { logIn, logOut, ...rest } = await lab(target)
  let account = await logIn()
  const probes = []
  const tokens = await faults({ ...rest, logIn, logOut, ...account })
  for (const [fault, token] of Object.entries(tokens)) {
    const { status } = await logOut(token)
    const goesOn = await account.isLoggedIn()
    probes.push({
      ok: status === 400 && goesOn,
      seen: `a logout token ${fault} → ${status}, the session ${goesOn ? 'goes on' : 'has ended'}`,
    })
    if (!goesOn) account = await logIn(account)
  }
  const { status } = await logOut(rest.provider.logoutToken({ sub: account.sub }))
  const goesOn = await account.isLoggedIn()
  probes.push({
    ok: status === 200 && !goesOn,
    seen: `a good one → ${status}, the session ${goesOn ? 'goes on' : 'has ended'}`,
  })
  return finding(probes)
}
