import type { Page } from '../../test/support/browser.ts'
import type { Target } from '../target.ts'

/** A Set-Cookie header, without its value. */
export class SetCookie {
  readonly name: string
  readonly #value: string
  readonly #attributes: ReadonlyMap<string, string>
  readonly #at: string

  constructor(line: string, at: string) {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const equals = pair.indexOf('=')
    this.name = pair.slice(0, equals)
    this.#value = pair.slice(equals + 1)
    this.#at = at
    this.#attributes = new Map(
      attributes.map((each) => {
        const [name = '', value = ''] = each.split('=', 2)
        return [name.toLowerCase(), value]
      }),
    )
  }

  has(attribute: string): boolean {
    return this.#attributes.has(attribute)
  }

  attribute(name: string): string {
    return this.#attributes.get(name)?.toLowerCase() ?? ''
  }

  /** Name and value, as browsers count their 4096 bytes. */
  get size(): number {
    return Buffer.byteLength(this.name + this.#value)
  }

  get isCleared(): boolean {
    return this.#value === ''
  }

  get value(): string {
    return this.#value
  }

  get text(): string {
    const attributes = [...this.#attributes].map(([name, value]) => (value ? `${name}=${value}` : name))
    return `${this.#at}: Set-Cookie ${this.name}=…(${this.#value.length}); ${attributes.join('; ')}`
  }
}

export const cookiesOf = ({ url, headers }: Page) =>
  headers.getSetCookie().map((line) => new SetCookie(line, `at ${url.pathname}`))

/** Those that a login begins with; with an embedded set-up all that a whole login brings. */
export const cookiesSet = (target: Target): Promise<readonly SetCookie[]> =>
  target.once('cookies', async () => {
    const pages = target.isEmbedded
      ? (await target.freshLogin()).seen.filter(({ url }) => url.origin === target.baseUrl)
      : [await target.anonymous(target.paths.login), await target.anonymous('/')]
    const cookies = pages.flatMap(cookiesOf).filter((cookie) => !cookie.isCleared)
    if (cookies.length === 0) throw new Error('Beginning a login set no cookie')
    return cookies
  })

/** Those that are left when a login is done: the session's. */
export const sessionCookies = (target: Target): Promise<readonly SetCookie[]> =>
  target.once('session cookies', async () => {
    const browser = await target.loggedIn()
    const left = (await browser.jar.getCookies(target.baseUrl)).map(({ key }) => key)
    const set = browser.seen.filter(({ url }) => url.origin === target.baseUrl).flatMap(cookiesOf)
    return set.filter((cookie) => left.includes(cookie.name) && !cookie.isCleared)
  })
