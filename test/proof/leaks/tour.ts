import { Browser } from '../../support/browser.ts'

/**
 * Everywhere a user gets to: login, every page, as a whole and as a part, the proxied routes, refusals, a callback that is
 * opened once more, logout. Says what each step ended with, by name; a step that fails altogether is undefined.
 */
export async function tour(baseUrl: string): Promise<Record<string, number | undefined>> {
  const browser = new Browser(baseUrl)
  const statuses: Record<string, number | undefined> = {}
  const step = async (name: string, walk: () => Promise<{ status: number }>) => {
    // Of a gateway that leaks, more may be broken; what is judged is what it has sent.
    statuses[name] = (await walk().catch(() => undefined))?.status
  }
  const callback = () => {
    const url = browser.seen.find(
      ({ url }) => url.pathname === '/callback' && url.searchParams.has('code'),
    )?.url
    return browser.open(url ?? '/callback')
  }
  await step('anonymous', () => browser.open('/'))
  await step('login', () => browser.login('user@example.com', '/protected'))
  for (const path of ['/profile', '/protected', '/admin', '/sessions', '/session', '/nowhere']) {
    await step(path, () => browser.open(path))
    await step(`${path} as a part`, () => browser.swap(path))
  }
  for (const name of ['public', 'protected', 'admin', 'nowhere']) {
    await step(name, () => browser.fetch(`/api/messages/${name}`))
  }
  await step('the callback again', callback)
  await step('staying', () => browser.sendForm('/session', { fields: { returnTo: '/' } }))
  await step('logout', () => browser.sendForm('/logout'))
  await step('the callback after the logout', callback)
  return statuses
}
