import { text } from 'node:stream/consumers'
import type { BrowserContext, Page, Response } from 'playwright-core'
import { listenToNetwork, type Network, noteKept } from './proof/devtools.ts'
import type { Seen } from './proof/seen.ts'

/** What a script of the page could read, in each of its frames. */
const readable = `JSON.stringify({
  local: { ...localStorage },
  session: { ...sessionStorage },
  cookie: document.cookie,
  name: window.name,
  state: history.state,
})`

/** What a browser knows: network, documents, cookies, storage, history, console. Bodies pass the tap as well. */
export class Recording {
  readonly seen: Seen[] = []
  /** Refused by a Content Security Policy, thrown, or said on the console as an error. */
  readonly complaints: string[] = []
  readonly #context: BrowserContext
  readonly #pending: Promise<unknown>[] = []
  readonly #networks = new Map<Page, Promise<Network | undefined>>()

  constructor(context: BrowserContext) {
    this.#context = context
    const note = (where: string, seen: string) => this.#add(where, seen)
    const wait = (pending: Promise<unknown>) => this.#pending.push(pending)
    context.on('page', (page) => {
      // A page that is closed at once has nothing to listen to.
      this.#networks.set(
        page,
        listenToNetwork(page, note, wait).catch(() => undefined),
      )
      page.on('download', (download) => {
        const content = download.createReadStream().then(text)
        wait(content.then((all) => note(`download ${download.suggestedFilename()}`, all)))
      })
    })
    context.on('request', (request) => note('address', request.url()))
    context.on('response', (response) => wait(this.#addResponse(response)))
    context.on('serviceworker', (worker) => note('service worker', worker.url()))
    context.on('console', (message) => {
      note('console', message.text())
      // A status of 400 or more is said there too, and is judged where it is expected.
      if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return
      this.complaints.push(`${message.page()?.url()}: ${message.text()}`)
    })
    context.on('weberror', (thrown) => this.complaints.push(String(thrown.error())))
  }

  /** A page, of which everything is recorded from its first request on. */
  async newPage(): Promise<Page> {
    const page = await this.#context.newPage()
    await this.#networks.get(page)
    return page
  }

  /** The hosts, with ports, that the browser asked for anything. */
  get hosts(): Set<string> {
    const addresses = this.seen.filter(
      ({ where, text: url }) => where === 'address' && url.startsWith('http'),
    )
    return new Set(addresses.map(({ text: url }) => new URL(url).host))
  }

  /** Takes what the browser holds right now: of all pages and frames, and of all sites. */
  async takeStock(): Promise<void> {
    this.#add('cookies', JSON.stringify(await this.#context.cookies()))
    this.#add('storage', JSON.stringify(await this.#context.storageState({ indexedDB: true })))
    for (const worker of this.#context.serviceWorkers()) this.#add('service worker', worker.url())
    for (const page of this.#context.pages()) {
      for (const frame of page.frames()) {
        const { origin, pathname } = new URL(frame.url() || 'about:blank')
        this.#add(`document of ${pathname}`, await frame.content())
        this.#add('address bar', frame.url())
        if (origin === 'null') continue
        this.#add(`storage of ${pathname}`, String(await frame.evaluate(readable)))
        this.#add(
          'performance entries',
          String(await frame.evaluate('JSON.stringify(performance.getEntries())')),
        )
      }
      const network = await this.#networks.get(page)
      if (network) await noteKept(network.session, page, (where, seen) => this.#add(where, seen))
    }
  }

  /** Waits for what is still on its way. */
  async complete(): Promise<readonly Seen[]> {
    while (this.#pending.length > 0) await this.#pending.pop()
    for (const network of this.#networks.values()) (await network)?.flush()
    return this.seen
  }

  #add(where: string, seen: string): void {
    this.seen.push({ where, text: seen })
  }

  async #addResponse(response: Response): Promise<void> {
    const { pathname } = new URL(response.url())
    for (const { name, value } of await response.headersArray()) {
      this.#add(`response header ${name.toLowerCase()} of ${pathname}`, value)
    }
  }
}
