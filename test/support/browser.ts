import http from 'node:http'
import https from 'node:https'
import { type DefaultTreeAdapterTypes, parse, defaultTreeAdapter as tree } from 'parse5'
import { CookieJar } from 'tough-cookie'

type Element = DefaultTreeAdapterTypes.Element
type Node = DefaultTreeAdapterTypes.Node

export interface Page {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

type Fields = Readonly<Record<string, string>>

interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export const navigationHeaders = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
} as const

const fetchHeaders = {
  accept: '*/*',
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
} as const

/** What a form of a page of that origin is sent with. */
export const formHeaders = (origin: string) => ({
  'content-type': 'application/x-www-form-urlencoded',
  'sec-fetch-site': 'same-origin',
  origin,
})

/** A browser without scripts: cookies, the headers a browser sends, redirects, forms. */
export class Browser {
  readonly jar = new CookieJar()
  /** Every answer, in order. */
  readonly seen: Page[] = []
  readonly #base: string
  /** The token that forms have on the last page that had any. */
  formToken = ''
  readonly #own: Readonly<Record<string, string>>

  /** `own`: headers that this browser sends with everything. */
  constructor(base: string, own: Readonly<Record<string, string>> = {}) {
    this.#base = base
    this.#own = own
  }

  /** One request, no redirect followed. Strict cookies go along unless it says that another site caused it. */
  async request(
    path: string | URL,
    { method = 'GET', headers = {}, body }: RequestOptions = {},
  ): Promise<Page> {
    const url = new URL(path, this.#base)
    const sameSiteContext = headers['sec-fetch-site'] === 'cross-site' ? 'lax' : 'strict'
    const cookie = await this.jar.getCookieString(url.href, { sameSiteContext })
    const sent = this.sent({ ...this.#own, ...headers, ...(cookie && { cookie }) }, url)
    const page = { ...(await send(this.route(url), method, sent, body)), url }
    for (const line of page.headers.getSetCookie()) await this.jar.setCookie(line, url.href)
    this.seen.push(page)
    this.formToken = tokenIn(page) ?? this.formToken
    return page
  }

  /** Where a request for an address goes: there, unless something stands in between. */
  protected route(url: URL): URL {
    return url
  }

  /** The headers as they go out. */
  protected sent(headers: Fields, _url: URL): Fields {
    return headers
  }

  /** A typed address, or a link or form of the page it comes `from`: follows redirects and refreshes to the end. */
  async open(path: string | URL, { from, ...options }: RequestOptions & { from?: URL } = {}): Promise<Page> {
    let chain = [new URL(path, this.#base)]
    const ask = (more: RequestOptions = {}) =>
      this.request(chain.at(-1) ?? path, {
        ...more,
        headers: { ...navigationHeaders, 'sec-fetch-site': siteOf(chain, from), ...more.headers },
      })
    let page = await ask(options)
    for (let hops = 0; ; hops += 1) {
      if (hops > 20) throw new Error(`Too many redirects, last to ${page.url.href}`)
      const next = onwardOf(page)
      if (!next) return page
      // A refresh is a navigation of its own, by the page that asks for it.
      if (!page.headers.has('location')) [from, chain] = [page.url, []]
      chain = [...chain, next]
      page = await ask()
    }
  }

  /** A request that a script of our own pages makes. */
  fetch(path: string, options: RequestOptions = {}): Promise<Page> {
    return this.request(path, { ...options, headers: { ...fetchHeaders, ...options.headers } })
  }

  /** A request of htmx that swaps a part of the page it is made on. */
  swap(path: string, current = path): Promise<Page> {
    const address = new URL(current, this.#base).href
    return this.fetch(path, {
      headers: { 'hx-request': 'true', 'hx-request-type': 'partial', 'hx-current-url': address },
    })
  }

  /** Fills and sends the first form of a page that has all the fields; follows redirects. */
  async submit(page: Page, fields: Fields): Promise<Page> {
    const form = elements(page.text, 'form').find((candidate) => {
      const names = inputs(candidate).map((input) => attribute(input, 'name'))
      return Object.keys(fields).every((name) => names.includes(name))
    })
    if (!form)
      throw new Error(`No form with ${Object.keys(fields).join(', ')} on ${page.url.href}:\n${page.text}`)
    const values = new URLSearchParams()
    for (const input of inputs(form)) {
      const [name, value] = [attribute(input, 'name'), attribute(input, 'value')]
      if (name && value !== undefined && input.tagName !== 'button') values.set(name, value)
    }
    for (const [name, value] of Object.entries(fields)) values.set(name, value)
    return this.post(page, attribute(form, 'action') ?? page.url.href, values)
  }

  /** What a form of that page sends to the address. */
  post(page: Page, action: string, values = new URLSearchParams()): Promise<Page> {
    const token = tokenIn(page)
    const body = values.has('token') || !token ? values : new URLSearchParams([['token', token], ...values])
    return this.open(new URL(action, page.url), {
      from: page.url,
      method: 'POST',
      body: body.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: page.url.origin },
    })
  }

  /** The same for a form of whichever page it has in front of it, without following redirects. */
  sendForm(
    path: string,
    { fields = {}, ...options }: RequestOptions & { fields?: Fields } = {},
  ): Promise<Page> {
    const values = new URLSearchParams({ token: this.formToken, ...fields })
    const headers = { ...navigationHeaders, ...formHeaders(new URL(this.#base).origin), ...options.headers }
    return this.request(path, { method: 'POST', body: values.toString(), ...options, headers })
  }

  /** Logs in at the tenant and follows everything back; the page on which the visitor ends. */
  async login(email: string, path = '/profile', password = 'Passw0rd!'): Promise<Page> {
    const form = await this.open(`/login?returnTo=${encodeURIComponent(path)}&prompt=login`)
    return this.submit(form, { email, password })
  }

  /** The value of the ticket cookie, if the browser has one. */
  async ticket(): Promise<string | undefined> {
    const cookies = await this.jar.getCookies(this.#base)
    return cookies.find(({ key }) => key.includes('ticket'))?.value
  }
}

const tokenIn = ({ text }: Page) => /name="token" value="([\w-]+)"/.exec(text)?.[1]

/**
 * What Sec-Fetch-Site says of a request that a page causes, with all that it was redirected through; nobody's is a
 * typed address. The hosts of these tests have no parent domain.
 */
function siteOf(chain: readonly URL[], from: URL | undefined): string {
  if (!from) return 'none'
  if (chain.every(({ origin }) => origin === from.origin)) return 'same-origin'
  return chain.every(({ hostname }) => hostname === from.hostname) ? 'same-site' : 'cross-site'
}

/** Where a page leads by itself: by redirect, or by a refresh that is for browsers with scripts as well. */
function onwardOf({ url, status, headers, text }: Page): URL | undefined {
  if (status >= 300 && status < 400) return new URL(headers.get('location') ?? '', url)
  const refresh = elements(text.replaceAll(/<noscript>.*?<\/noscript>/gs, ''), 'meta').find(
    (element) => attribute(element, 'http-equiv') === 'refresh',
  )
  const [, address = ''] = /^0(?:;url=(.*))?$/.exec((refresh && attribute(refresh, 'content')) ?? '') ?? []
  return refresh && new URL(address, url)
}

/** One request by Node's own client: fetch would put its own Sec-Fetch-Mode in the place of ours. */
export function send(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<Page> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http
    const outgoing = request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const received = new Headers()
        for (const [name, values] of Object.entries(response.headersDistinct)) {
          for (const value of values ?? []) received.append(name, value)
        }
        const text = Buffer.concat(chunks).toString()
        resolve({ url, status: response.statusCode ?? 0, headers: received, text })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** All elements of a name in a document, in order. */
export function elements(html: string, name: string): Element[] {
  const found: Element[] = []
  const walk = (node: Node) => {
    if (tree.isElementNode(node) && node.tagName === name) found.push(node)
    if ('childNodes' in node) for (const child of node.childNodes) walk(child)
  }
  walk(parse(html))
  return found
}

export function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((candidate) => candidate.name === name)?.value
}

/** The text of the first element of a name, blanks folded. */
export function textOf(html: string, name: string): string | undefined {
  const [element] = elements(html, name)
  return element && textIn(element)
}

/** The text of an element, blanks folded. */
export function textIn(element: Element): string {
  const text = (node: Node): string => {
    if (tree.isTextNode(node)) return node.value
    return 'childNodes' in node ? node.childNodes.map(text).join('') : ''
  }
  return text(element).replace(/\s+/g, ' ').trim()
}

function inputs(form: Element): Element[] {
  const found: Element[] = []
  const walk = (node: Node) => {
    if (tree.isElementNode(node) && (node.tagName === 'input' || node.tagName === 'button')) found.push(node)
    if ('childNodes' in node) for (const child of node.childNodes) walk(child)
  }
  walk(form)
  return found
}
