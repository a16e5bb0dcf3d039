import { setTimeout as wait } from 'node:timers/promises'
import { Browser, type Page } from './browser.ts'
import type { Stack } from './stack.ts'

const password = 'correct horse'

/** Tells when it sends something. */
class WatchedBrowser extends Browser {
  onRequest: (path: string) => void = () => {}

  override request(...[path, options]: Parameters<Browser['request']>): Promise<Page> {
    this.onRequest(new URL(path, 'http://localhost').pathname)
    return super.request(path, options)
  }
}

/** The names of all regulars on a page. */
const namesOn = ({ text }: Page) => new Set(text.match(/regular-\d+@example\.com/g))

/**
 * A visitor who comes again and again: logs in, asks for things and logs out at random, and keeps in mind what was
 * answered. An answer is a promise; what a gateway was doing when it died may have been done or not.
 */
export class Regular {
  readonly email: string
  readonly browser: WatchedBrowser
  /** Whether there is a session, as far as the answers say. */
  session: 'yes' | 'no' | 'perhaps' = 'no'
  /** Cookies whose logout was answered, or whose session a finished login has replaced. */
  readonly worthless: string[] = []
  /** What the last kill has cut, and how often each was. */
  readonly cut = { login: 0, logout: 0, request: 0 }
  /** A request was cut that may have been refreshing: the new refresh token can have died with the gateway. */
  isEndangered = false
  /** And then another one was cut, which may have shown the spent one and learned that the grant has ended. */
  mayHaveEnded = false
  /** How often the provider has ended the grant for that. */
  ended = 0
  /** How often an answer was 503: try again. Redis has half a second, and a busy machine may not give it that. */
  putOff = 0
  /** Answers that break a promise. */
  readonly complaints: string[] = []
  readonly #random: () => number
  readonly #base: string

  constructor({ baseUrl }: Stack, number: number, random: () => number) {
    this.email = `regular-${number}@example.com`
    this.browser = new WatchedBrowser(baseUrl)
    this.#base = baseUrl
    this.#random = random
  }

  async signUp(): Promise<void> {
    const form = await this.browser.open('/signup?returnTo=/profile')
    await this.browser.submit(form, { email: this.email, password })
    this.session = 'yes'
  }

  /** One thing after the other until it is over, or the gateway dies in the middle of one. */
  async comeAndGo(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const dice = this.#random()
      const what = this.session === 'no' || dice < 0.05 ? 'login' : dice < 0.2 ? 'logout' : 'request'
      try {
        await { login: () => this.logIn(), logout: () => this.#logOut(), request: () => this.#ask() }[what]()
      } catch (error) {
        if (!isOver() || !isCut(error)) throw error
        this.cut[what] += 1
      }
    }
  }

  async logIn(): Promise<void> {
    const before = await this.#cookie()
    try {
      const page = await this.browser.login(this.email, '/profile', password)
      if (page.status === 503) this.putOff += 1
      else this.#expectOwn(page, 'after a login')
    } finally {
      const after = await this.#cookie()
      if (after !== before) {
        // The callback was answered, whatever became of the page behind it.
        this.session = 'yes'
        this.isEndangered = this.mayHaveEnded = false
        if (before) this.worthless.push(before)
      } else if (this.session === 'yes') this.session = 'perhaps'
    }
  }

  async #logOut(): Promise<void> {
    const before = await this.#cookie()
    this.session = 'perhaps'
    const page = await this.#patiently(() => this.browser.sendForm('/logout'))
    if (page.status !== 303) this.complaints.push(`a logout was answered with ${page.status}`)
    this.session = 'no'
    this.worthless.push(before)
  }

  /** Some requests at once, as a page makes them. */
  async #ask(): Promise<void> {
    const paths = ['/api/messages/protected', '/profile', '/api/messages/protected']
    const answers = await Promise.allSettled(
      paths.map((path) => this.#patiently(() => this.browser.fetch(path))),
    )
    const pages = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    if (pages.some(({ status }) => status === 401)) return this.#noteEnd()
    for (const { status, url } of pages) {
      if (status !== 200) this.complaints.push(`${url.pathname} was answered with ${status}`)
    }
    const cut = answers.find((answer) => answer.status === 'rejected')
    if (!cut) return
    this.mayHaveEnded = this.isEndangered
    this.isEndangered = true
    throw cut.reason
  }

  async #patiently(ask: () => Promise<Page>): Promise<Page> {
    let page = await ask()
    for (let times = 0; page.status === 503 && times < 20; times += 1) {
      this.putOff += 1
      await wait(100)
      page = await ask()
    }
    return page
  }

  #noteEnd(): void {
    if (this.isEndangered) this.ended += 1
    else this.complaints.push('a session was gone that nothing had endangered')
    this.session = 'no'
    this.isEndangered = false
  }

  /** After a new start: every promise is kept, and what was open is seen. */
  async lookAround(): Promise<void> {
    const page = await this.#patiently(() => this.browser.fetch('/profile'))
    if (page.status === 401 && this.mayHaveEnded) this.#noteEnd()
    this.mayHaveEnded = false
    if (this.session === 'yes' || (this.session === 'perhaps' && page.status === 200)) {
      this.#expectOwn(page, 'after a new start')
      this.session = 'yes'
    } else {
      if (page.status !== 401) this.complaints.push(`nobody was answered with ${page.status}`)
      this.session = 'no'
    }
    const copy = new Browser(this.#base)
    for (const cookie of this.worthless.slice(-3)) {
      const { status } = await this.#patiently(() => copy.fetch('/profile', { headers: { cookie } }))
      if (status !== 401) this.complaints.push(`a session from before a logout was answered with ${status}`)
    }
  }

  /** The access token as well, however long its refresh has to wait for a gateway that died. */
  async settle(): Promise<void> {
    if (this.session === 'yes') await this.#ask()
    if (this.session === 'no') await this.logIn()
    await this.#ask()
  }

  #expectOwn(page: Page, when: string): void {
    const names = [...namesOn(page)]
    if (page.status === 200 && names.length === 1 && names[0] === this.email) return
    this.complaints.push(
      `${when} ${page.url.pathname} was ${page.status} and named ${names.join() || 'nobody'}`,
    )
  }

  async #cookie(): Promise<string> {
    const cookies = await this.browser.jar.getCookies(this.#base)
    return cookies.find(({ key }) => key.startsWith('ticket'))?.cookieString() ?? ''
  }
}

function isCut(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE'
}
