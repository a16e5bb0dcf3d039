import { CookieJar } from 'tough-cookie'

export interface Page {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where a redirect out of the tenant leads. */
  readonly location: URL | undefined
}

/** A browser without JavaScript at the tenant: keeps cookies, follows redirects until they leave the tenant. */
export class Visitor {
  readonly jar = new CookieJar()
  readonly #issuer: string

  constructor(issuer: string) {
    this.#issuer = issuer
  }

  async open(address: string | URL, form?: Readonly<Record<string, string>>): Promise<Page> {
    let url = new URL(address, this.#issuer)
    let body = form && new URLSearchParams(form)
    for (let redirects = 0; redirects < 10; redirects++) {
      const cookie = await this.jar.getCookieString(url.href)
      const response = await fetch(url, {
        method: body ? 'POST' : 'GET',
        redirect: 'manual',
        headers: { accept: 'text/html,*/*;q=0.8', ...(cookie && { cookie }) },
        ...(body && { body }),
      })
      for (const line of response.headers.getSetCookie()) await this.jar.setCookie(line, url.href)
      const text = await response.text()
      const location = response.headers.get('location')
      const next = location === null ? undefined : new URL(location, url)
      if (next?.origin !== url.origin) {
        const { status, headers } = response
        return { url: url.href, status, headers, text, location: next }
      }
      url = next
      body = undefined
    }
    throw new Error('too many redirects')
  }

  /** Posts the form on a page of the login to its path below /u/UID. */
  async submit(
    page: Page,
    path: '' | '/demo' | '/sign-up' | '/cancel',
    form: Readonly<Record<string, string>>,
  ) {
    const [base] = /^.*\/u\/[\w-]+/.exec(page.url) ?? []
    if (!base) throw new Error(`not a login page: ${page.url} ${page.status} ${page.text}`)
    return this.open(base + path, form)
  }
}
