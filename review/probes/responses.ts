import { attribute, elements, type Page } from '../../test/support/browser.ts'
import type { Target } from '../target.ts'

export interface Answer {
  readonly asked: string
  readonly page: Page
}

/** One answer of each kind that a gateway gives: pages, redirects, refusals, errors, the API's, a static file. */
export const responses = (target: Target): Promise<readonly Answer[]> =>
  target.once('responses', async () => {
    const { page, login, api } = target.paths
    const anyone = target.visitor()
    const known: Answer[] = []
    for (const path of ['/', login, page, '/no-such-page-of-the-review'])
      known.push({ asked: `GET ${path}`, page: await target.anonymous(path) })
    known.push({ asked: `GET ${api} by a script`, page: await anyone.fetch(api) })
    known.push({ asked: `POST ${page}`, page: await anyone.request(page, { method: 'POST' }) })
    known.push({ asked: 'GET /%c0 (no UTF-8)', page: await anyone.request('/%c0') })
    if (target.hasLogin) {
      known.push({ asked: `GET ${page}, logged in`, page: await target.own(page) })
      known.push({ asked: `GET ${api}, logged in`, page: await (await target.loggedIn()).fetch(api) })
    }
    const asset = assetOf(await target.anonymous('/'))
    if (asset !== undefined) known.push({ asked: `GET ${asset}`, page: await anyone.request(asset) })
    return known
  })

/** The answers that are pages. */
export const isHtml = ({ page }: Answer) =>
  /^text\/html/i.test(page.headers.get('content-type') ?? '') && page.text !== ''

function assetOf({ text, url }: Page): string | undefined {
  const sources = [
    ...elements(text, 'script').map((element) => attribute(element, 'src')),
    ...elements(text, 'link').map((element) => attribute(element, 'href')),
  ]
  return sources.find((source) => source && URL.parse(source, url.href)?.origin === url.origin)
}

/** The directives of a Content-Security-Policy. */
export function policyOf({ headers }: Page): ReadonlyMap<string, readonly string[]> {
  const directives = (headers.get('content-security-policy') ?? '').split(/[;,]/).map((each) => each.trim())
  return new Map(
    directives.filter(Boolean).map((each) => {
      const [name = '', ...sources] = each.split(/\s+/)
      return [name.toLowerCase(), sources]
    }),
  )
}
