import type { BrowserContext, Page, Response } from 'playwright-core'
import type { Needle } from './stack.ts'

/** Something that reached the browser, and where it was seen. */
export interface Seen {
  readonly where: string
  readonly text: string
}

/** What a browser knows: addresses, headers, documents, cookies, storage, console. Bodies pass the tap. */
export class Recording {
  readonly seen: Seen[] = []
  /** Refused by a Content Security Policy, thrown, or said on the console as an error. */
  readonly complaints: string[] = []
  readonly #context: BrowserContext
  readonly #pending: Promise<void>[] = []

  constructor(context: BrowserContext) {
    this.#context = context
    context.on('request', (request) => this.#add('address', request.url()))
    context.on('response', (response) => this.#pending.push(this.#addResponse(response)))
    context.on('console', (message) => {
      this.#add('console', message.text())
      // A status of 400 or more is said there too, and is judged where it is expected.
      if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return
      this.complaints.push(`${message.page()?.url()}: ${message.text()}`)
    })
    context.on('weberror', (thrown) => this.complaints.push(String(thrown.error())))
  }

  /** The hosts, with ports, that the browser asked for anything. */
  get hosts(): Set<string> {
    const addresses = this.seen.filter(({ where }) => where === 'address')
    return new Set(addresses.map(({ text }) => new URL(text).host))
  }

  /** Takes what the browser holds right now: document and storage of the page, cookies of all sites. */
  async takeStock(page: Page): Promise<void> {
    const url = page.url()
    this.#add(`document of ${url}`, await page.content())
    this.#add('address bar', url)
    this.#add('cookies', JSON.stringify(await this.#context.cookies()))
    this.#add('storage', JSON.stringify(await this.#context.storageState({ indexedDB: true })))
    this.#add(`session storage of ${url}`, await page.evaluate('JSON.stringify({ ...sessionStorage })'))
  }

  /** Waits for the headers that are still on their way. */
  async complete(): Promise<readonly Seen[]> {
    while (this.#pending.length > 0) await this.#pending.pop()
    return this.seen
  }

  #add(where: string, text: string): void {
    this.seen.push({ where, text })
  }

  async #addResponse(response: Response): Promise<void> {
    const { pathname } = new URL(response.url())
    for (const { name, value } of await response.headersArray()) {
      this.#add(`header ${name.toLowerCase()} of ${pathname}`, value)
    }
  }
}

/** Where a needle was seen, in clear, percent-encoded or base64-encoded. */
export function search(
  haystack: readonly Seen[],
  needles: readonly Needle[],
): { kind: string; where: string }[] {
  // A token is a leak without its first part too: the header says nothing, payload and signature everything.
  const parts = needles.flatMap(({ kind, value }) => {
    const [, ...segments] = value.split('.')
    return [value, ...segments].filter((part) => part.length >= 16).map((part) => ({ kind, part }))
  })
  return haystack.flatMap(({ where, text }) => {
    const readings = [text, percentDecoded(text), ...base64Decoded(text)]
    return parts
      .filter(({ part }) => readings.some((reading) => reading.includes(part)))
      .map(({ kind }) => ({ kind, where }))
  })
}

function percentDecoded(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
}

/** Every run that may be base64, from each of the places at which a group of four may begin. */
function base64Decoded(text: string): string[] {
  const runs = text.match(/[\w+/-]{24,}/g) ?? []
  return runs.flatMap((run) => [0, 1, 2, 3].map((skip) => Buffer.from(run.slice(skip), 'base64').toString()))
}
