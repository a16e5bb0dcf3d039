import { type Finding, finding, type Probe, probe } from '../control.ts'
import type { Target } from '../target.ts'
import { withProvider } from './set-ups.ts'

type Claims = Readonly<Record<string, unknown>>
type Case = readonly [what: string, claims: Claims, isGood: boolean]

/** Logs in with ID tokens that have these claims, and says whether that was as good as it should be. */
export async function loginsWith(target: Target, cases: readonly Case[]): Promise<Finding> {
  const { provider, target: own } = await withProvider(target)
  const probes: Probe[] = []
  for (const [what, claims, isGood] of cases) {
    provider.user = { sub: 'auth0|user', sid: 'first', ...claims }
    const browser = own.visitor()
    const page = await browser.open(own.paths.login)
    const isIn = (await browser.fetch(own.paths.page)).status < 300
    probes.push(probe(isIn === isGood, `A login whose ID token is ${what}: logged in ${isIn}`, page))
  }
  return finding(probes)
}
