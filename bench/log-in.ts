import { Browser } from '../test/support/browser.ts'

interface Entry {
  /** Where the gateway listens. */
  readonly url: string
  /** The origin it takes itself to have. */
  readonly baseUrl: string
  /** A page of it that leads to the login when nobody is logged in. */
  readonly path: string
  /** The tenant's origin. */
  readonly tenant: string
}

/** A browser with something in between that ends TLS for the one origin. */
class BehindProxy extends Browser {
  readonly #entry: Entry

  constructor(entry: Entry) {
    super(entry.baseUrl)
    this.#entry = entry
  }

  protected override route(url: URL): URL {
    return this.#isOwn(url) ? new URL(url.pathname + url.search, this.#entry.url) : url
  }

  protected override sent(headers: Readonly<Record<string, string>>, url: URL) {
    return this.#isOwn(url) ? { ...headers, ...forwardedHeaders(this.#entry.baseUrl) } : headers
  }

  #isOwn(url: URL): boolean {
    return url.origin === new URL(this.#entry.baseUrl).origin
  }
}

/** What a proxy that ends TLS sends along with the requests for an origin. (wrk knows Host in this spelling only.) */
export function forwardedHeaders(baseUrl: string): Readonly<Record<string, string>> {
  const { host, protocol } = new URL(baseUrl)
  return { Host: host, 'X-Forwarded-Host': host, 'X-Forwarded-Proto': protocol.slice(0, -1) }
}

/**
 * Logs the tenant's administrator in at a gateway; the Cookie header with which the gateway then answers. Throws an
 * Error that has the page on which the login ended, when that is not a page of the gateway's for who is logged in.
 */
export async function logIn(entry: Entry): Promise<string> {
  const browser = new BehindProxy(entry)
  const form = await browser.open(entry.path)
  if (form.url.origin !== new URL(entry.tenant).origin) throw unexpected('no login', form)
  const page = await browser.submit(form, { email: 'admin@example.com', password: 'Passw0rd!' })
  const isBack = page.url.origin === new URL(entry.baseUrl).origin && page.status === 200
  if (!isBack) throw unexpected('no way back', page)
  return browser.jar.getCookieString(entry.baseUrl)
}

const unexpected = (what: string, { url, status, text }: Awaited<ReturnType<Browser['open']>>) =>
  new Error(`${what}: ${url.href} answers ${status}\n${text}`)
