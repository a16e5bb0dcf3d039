import { expect } from 'vitest'
import { Browser, type Page } from './browser.ts'
import {
  absoluteSeconds,
  accessTokenSeconds,
  type GatewayNumber,
  idleSeconds,
  type World,
} from './model-world.ts'

export const admin = 'admin@example.com'
export const user = 'user@example.com'
export type User = typeof admin | typeof user

/** A browser's login at the tenant, from which the tenant logs in at the gateway without asking again. */
export interface TenantLogin {
  readonly user: User
}

/** What has to be true of a ticket. Times are seconds, by how much the clocks were ahead. */
export interface Ticket {
  readonly value: string
  readonly user: User
  readonly tenantLogin: TenantLogin
  readonly begunAt: number
  seenAt: number
  /** When its access token was issued. */
  tokenAt: number
  hasEnded: boolean
}

/** A tab with the tenant's login page. */
export interface Tab {
  readonly form: Page
  readonly path: string
  /** Who was logged in at the tenant when it was opened. */
  readonly tenantLogin: TenantLogin | undefined
  readonly begunAt: number
}

/** A browser whose requests to the gateway go now to the one, now to the other. */
export class Visitor extends Browser {
  readonly #world: World
  gateway: GatewayNumber = 0
  /** What is in its ticket cookie, dead or alive. */
  holds: Ticket | undefined
  tenantLogin: TenantLogin | undefined
  readonly tabs: Tab[] = []
  /** The address of the last login's way back. */
  callback: URL | undefined

  constructor(world: World) {
    super(world.stack.baseUrl)
    this.#world = world
  }

  override async request(...[path, options = {}]: Parameters<Browser['request']>): Promise<Page> {
    const { baseUrl } = this.#world.stack
    const url = new URL(path, baseUrl)
    if (url.origin !== baseUrl) return super.request(path, options)
    const cookie = await this.jar.getCookieString(url.href)
    const headers = { ...options.headers, ...(cookie && { cookie }) }
    const gateway = this.#world.either(this.gateway)
    const page = { ...(await this.#world.send(gateway, url, { ...options, headers })), url }
    for (const line of page.headers.getSetCookie()) await this.jar.setCookie(line, url.href)
    const givesTicket = page.headers.getSetCookie().some((line) => line.startsWith('ticket-'))
    const may = ['/callback', '/logout'].includes(url.pathname) && page.status < 400
    expect(givesTicket && !may, `A ticket cookie from ${url.pathname}, ${page.status}`).toBe(false)
    if (url.pathname === '/callback' && url.searchParams.has('code')) this.callback = url
    return page
  }

  /** How many logins it has begun and not finished. A sixth would take the place of one of them. */
  openLogins(): number {
    const cookies = this.jar.getCookiesSync(this.#world.stack.baseUrl)
    return cookies.filter(({ key }) => key.startsWith('login-')).length
  }
}

/** What has happened in one sequence of operations, and what has to follow from it. */
export class Model {
  readonly world: World
  readonly visitors: readonly Visitor[]
  readonly tickets: Ticket[] = []
  /** What was played, for whoever has to understand a failure. */
  readonly told: string[] = []
  /** How many refreshes there have to be; where it depends on who is first, how few and how many. */
  readonly refreshes = { least: 0, most: 0 }
  /** How many the tenant may have refused: a logout or a crash that was in the middle of one. */
  refusals = 0
  hadOutage = false

  constructor(world: World) {
    this.world = world
    this.visitors = [new Visitor(world), new Visitor(world), new Visitor(world)]
  }

  isAlive({ hasEnded, seenAt, begunAt }: Ticket): boolean {
    const { ahead } = this.world
    return !hasEnded && ahead < seenAt + idleSeconds && ahead < begunAt + absoluteSeconds
  }

  alive(): Ticket[] {
    return this.tickets.filter((ticket) => this.isAlive(ticket))
  }

  /** A refresh is due half a minute before the access token expires. */
  isDue({ tokenAt }: Ticket): boolean {
    return this.world.ahead - tokenAt >= accessTokenSeconds - 30
  }

  isExpired({ tokenAt }: Ticket): boolean {
    return this.world.ahead - tokenAt >= accessTokenSeconds
  }

  /** What a GET with that ticket is answered. Called before the request: notes what the request changes. */
  answer(path: string, ticket: Ticket | undefined): number {
    const isApi = path.startsWith('/api/')
    const { pathname } = new URL(path, this.world.stack.baseUrl)
    if (pathname === '/api/messages/public') return 200
    const isPublic = pathname === '/' || pathname === '/public'
    if (!ticket || !this.isAlive(ticket)) {
      if (isPublic) return 200
      return isApi ? 401 : 303
    }
    ticket.seenAt = this.world.ahead
    if (isPublic || pathname === '/profile') return 200
    if (this.isDue(ticket) && this.world.isTenantUp) {
      this.noteRefresh(ticket)
    } else if (this.isExpired(ticket)) return 503
    return pathname.endsWith('/admin') && ticket.user !== admin ? 403 : 200
  }

  noteRefresh(ticket: Ticket): void {
    ticket.tokenAt = this.world.ahead
    this.refreshes.least += 1
    this.refreshes.most += 1
  }

  /** Ends the tickets, and says how many were alive. */
  end(tickets: readonly Ticket[]): number {
    const alive = tickets.filter((ticket) => this.isAlive(ticket))
    for (const ticket of alive) ticket.hasEnded = true
    return alive.length
  }

  /** The tenant ends a browser's login, and tells the gateway at the address that it knows, if that one is up. */
  endTenantLogin(visitor: Visitor): void {
    const { tenantLogin } = visitor
    visitor.tenantLogin = undefined
    if (this.world.isUp[0]) this.end(this.tickets.filter((ticket) => ticket.tenantLogin === tenantLogin))
  }

  /** A login has come back: the ticket from before is dead, a new one is there. */
  async begin(visitor: Visitor, tenantLogin: TenantLogin): Promise<Ticket> {
    const value = (await visitor.ticket()) ?? ''
    const { ahead, used } = this.world
    expect(value).toMatch(/^[\w-]{43}$/)
    expect(used.includes(value), 'A ticket that was given out before').toBe(false)
    used.push(value)
    if (visitor.holds) visitor.holds.hasEnded = true
    const { user } = tenantLogin
    const ticket = {
      value,
      user,
      tenantLogin,
      begunAt: ahead,
      seenAt: ahead,
      tokenAt: ahead,
      hasEnded: false,
    }
    this.tickets.push(ticket)
    visitor.holds = ticket
    visitor.tenantLogin = tenantLogin
    return ticket
  }

  /** One request with that ticket, and whether it is answered as it has to be. */
  async ask(gateway: GatewayNumber, path: string, ticket: Ticket | undefined): Promise<void> {
    const expected = this.answer(path, ticket)
    const page = await this.world.get(this.world.either(gateway), path, ticket?.value)
    expect([path, page.status], page.text).toEqual([path, expected])
    this.look(page, ticket)
  }

  /** Whether an answer is about the ticket's user and nobody else, and leaves the cookie alone. */
  look({ url: { pathname }, status, text, headers }: Page, ticket: Ticket | undefined): void {
    expect(headers.getSetCookie(), `Set-Cookie of ${pathname}`).toEqual([])
    if (status === 303) expect(headers.get('location')).toMatch(/^\/login\?returnTo=/)
    const isSomebody = ticket !== undefined && this.isAlive(ticket) && !pathname.startsWith('/api/')
    const named = [admin, user].filter((email) => text.includes(email))
    expect(named, `Who is named by ${pathname}`).toEqual(isSomebody ? [ticket.user] : [])
  }
}
