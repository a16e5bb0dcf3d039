import type { Browser } from '../../test/support/browser.ts'
import { search } from '../../test/support/proof/matcher.ts'
import type { Needle, Seen } from '../../test/support/proof/seen.ts'
import type { Target } from '../target.ts'
import { logOut } from './visits.ts'

/** Everything that the gateway sent to a browser, each with its place. */
export const receivedBy = ({ seen }: Browser, { baseUrl }: Target): Seen[] =>
  seen
    .filter(({ url }) => url.origin === new URL(baseUrl).origin)
    .flatMap(({ url, headers, text }) => [
      { where: `the body at ${url.pathname}`, text },
      ...[...headers].map(([name, value]) => ({ where: `${name} at ${url.pathname}`, text: value })),
    ])

/** A login, every page a browser would open, the proxied route, errors and the logout. */
export const journey = (target: Target): Promise<Browser> =>
  target.once('journey', async () => {
    const browser = await target.freshLogin()
    for (const path of ['/', target.paths.page, '/no-such-page-of-the-review']) await browser.open(path)
    await browser.fetch(target.paths.api)
    await browser.fetch(`${target.paths.api}/nothing`)
    await browser.open('/callback?error=access_denied&state=x')
    await logOut(browser, target)
    return browser
  })

/** What the tenant wrote down of these kinds, and which places have it. */
export async function leaks(target: Target, haystack: readonly Seen[], kinds: readonly string[]) {
  const needles: Needle[] = target.stack.issuedTokens().filter(({ kind }) => kinds.includes(kind))
  const missing = kinds.filter((wanted) => !needles.some(({ kind }) => kind === wanted))
  if (missing.length > 0) throw new Error(`The tenant issued no ${missing.join(', ')}: nothing to look for`)
  return { found: search(haystack, needles), looked: `${needles.length} values in ${haystack.length} places` }
}

/** What looks like a token whoever made it: three parts of which two are JSON, or the five of an encrypted one. */
export const tokenShape = /eyJ[\w-]{8,}\.(eyJ[\w-]{8,}\.[\w-]{8,}|[\w-]*\.[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,})/
