import { Browser, navigationHeaders, type Page } from '../test/support/browser.ts'
import type { Environment } from '../test/support/program.ts'
import type { Stack } from '../test/support/stack.ts'
import { exchange } from './raw.ts'

/** Where a gateway has what every gateway has; those of the shipped one unless options say otherwise. */
export interface Paths {
  readonly login: string
  readonly logout: string
  /** A page for those who are logged in. */
  readonly page: string
  /** A proxied route that the visitor's access token goes along to. */
  readonly api: string
}

/** What only a set-up that we have started ourselves can tell. */
export interface Embedded {
  readonly stack: Stack
  /** The file of the gateway's program, as Program takes it. */
  readonly program: string
  /** Another set-up of the same program with these settings; it is closed when the check is done. */
  another<Result>(settings: Environment, during: (target: Target) => Promise<Result>): Promise<Result>
  /** The same for several controls: it stays, with the parts it needs, until the review is over. */
  keep(settings: Environment, ...parts: readonly AsyncDisposable[]): Promise<Target>
}

interface Options {
  readonly paths: Paths
  /** "name=value" of a session that somebody began for us; several with "; " between. */
  readonly cookie?: string | undefined
  readonly embedded?: Embedded | undefined
}

/** The gateway under review. */
export class Target {
  readonly baseUrl: string
  readonly paths: Paths
  /** Cookies of sessions, which evidence must not have. */
  readonly secrets = new Set<string>()
  readonly #cookie: string | undefined
  readonly #embedded: Embedded | undefined
  readonly #memory = new Map<string, Promise<unknown>>()

  constructor(baseUrl: string, { paths, cookie, embedded }: Options) {
    this.baseUrl = baseUrl
    this.paths = paths
    this.#cookie = cookie
    this.#embedded = embedded
  }

  get hasLogin(): boolean {
    return this.#cookie !== undefined || this.isEmbedded
  }

  get isEmbedded(): boolean {
    return this.#embedded !== undefined
  }

  /** For controls that need 'embedded'. */
  get embedded(): Embedded {
    if (!this.#embedded) throw new Error('Only an embedded set-up can tell')
    return this.#embedded
  }

  get stack(): Stack {
    return this.embedded.stack
  }

  /** A browser of nobody's, without any cookie. */
  visitor(own: Readonly<Record<string, string>> = {}): Browser {
    return new Browser(this.baseUrl, own)
  }

  /** The one login that controls share: none of them may end it. */
  loggedIn(): Promise<Browser> {
    return this.once('logged in', () =>
      this.#cookie === undefined ? this.freshLogin() : this.#withCookie(this.#cookie),
    )
  }

  /** A login of its own (needs 'embedded'). */
  async freshLogin(email = 'user@example.com', browser = this.visitor()): Promise<Browser> {
    if (!this.isEmbedded) throw new Error('A login of its own needs the embedded set-up')
    const page = await browser.login(email, this.paths.page)
    for (const { value } of await browser.jar.getCookies(this.baseUrl)) this.secrets.add(value)
    if (page.url.origin !== this.baseUrl || page.status >= 400)
      throw new Error(`The login ended at ${page.url.origin}${page.url.pathname} with ${page.status}`)
    return browser
  }

  /** What a stranger's browser gets for a typed address; asked for once. */
  anonymous(path: string): Promise<Page> {
    return this.once(`anonymous ${path}`, () => this.visitor().request(path, { headers: navigationHeaders }))
  }

  /** What the shared login gets for it. */
  own(path: string): Promise<Page> {
    return this.once(`own ${path}`, async () =>
      (await this.loggedIn()).request(path, {
        headers: { ...navigationHeaders, 'sec-fetch-site': 'same-origin' },
      }),
    )
  }

  /** Remembers what a question was answered with, for controls that ask the same. */
  once<Answer>(question: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.#memory.get(question) ?? ask()
    this.#memory.set(question, known)
    return known as Promise<Answer>
  }

  /** Exactly these bytes, and all that comes back. */
  raw(text: string): Promise<string> {
    return exchange(this.baseUrl, text)
  }

  async #withCookie(cookie: string): Promise<Browser> {
    const browser = this.visitor()
    const secure = this.baseUrl.startsWith('https:') ? '; Secure' : ''
    for (const pair of cookie.split(/; */)) {
      this.secrets.add(pair.slice(pair.indexOf('=') + 1))
      await browser.jar.setCookie(`${pair}; Path=/; HttpOnly; SameSite=Strict${secure}`, this.baseUrl)
    }
    return browser
  }
}
