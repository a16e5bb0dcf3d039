import type { Browser } from '../../../../test/support/browser.ts'
import type { Probe } from '../../../control.ts'
import type { Target } from '../../../target.ts'
import { begunLogin, follow, isLoggedIn } from './login.ts'

/** A callback that must log nobody in, in the browser that follows it. */
export async function refused(
  target: Target,
  what: string,
  { browser, callback }: { readonly browser: Browser; readonly callback: URL },
): Promise<Probe> {
  const { status } = await follow(target, browser, callback)
  const isIn = await isLoggedIn(target, browser)
  return { ok: !isIn, seen: `a callback ${what} → ${status}, ${isIn ? 'logged in' : 'nobody is logged in'}` }
}

/** Without it a gateway that logs nobody in would pass. */
export async function accepted(target: Target): Promise<Probe> {
  const browser = target.visitor()
  const { status } = await follow(target, browser, await begunLogin(target, browser))
  const ok = await isLoggedIn(target, browser)
  return { ok, seen: `the callback as the provider made it → ${status}, ${ok ? '' : 'not '}logged in` }
}
