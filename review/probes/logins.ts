import { navigationHeaders, type Page } from '../../test/support/browser.ts'
import type { Target } from '../target.ts'

/** The address at the identity provider that a login begins with, each time in another browser. */
export const beginLogin = async (target: Target): Promise<{ readonly answer: Page; readonly url: URL }> => {
  const answer = await target.visitor().request(target.paths.login, { headers: navigationHeaders })
  const location = answer.headers.get('location')
  if (location === null) throw new Error(`${target.paths.login} answered ${answer.status} without a Location`)
  return { answer, url: new URL(location, target.baseUrl) }
}

export const firstLogin = (target: Target) => target.once('first login', () => beginLogin(target))

/** Some logins of one user, one after the other, each in a browser of its own. */
export const tickets = (target: Target): Promise<readonly ReadonlyMap<string, string>[]> =>
  target.once('tickets', async () => {
    const found: ReadonlyMap<string, string>[] = []
    for (let count = 0; count < 10; count += 1) {
      const cookies = await (await target.freshLogin()).jar.getCookies(target.baseUrl)
      found.push(new Map(cookies.map(({ key, value }) => [key, value])))
    }
    return found
  })
