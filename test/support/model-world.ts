import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { importJWK, SignJWT } from 'jose'
import { embeddedClients } from '../../shared/identity-provider.ts'
import { type Browser, formHeaders, navigationHeaders, type Page, send } from './browser.ts'
import { formTokenFor } from './form-token.ts'
import { logoutEvent } from './openid-provider.ts'
import { type LogLine, Program } from './program.ts'
import { type Stack, startStack } from './stack.ts'

/** Two gateways on one port number, as behind a load balancer: so the names of their cookies are the same. */
const hosts = ['127.0.0.1', process.platform === 'darwin' ? '[::1]' : '127.0.0.2'] as const

export type GatewayNumber = 0 | 1
type Options = NonNullable<Parameters<Browser['request']>[1]>

/** The shipped programs, two of them gateways on one file; what can happen to them; what they have said. */
export class World implements AsyncDisposable {
  readonly stack: Stack
  readonly gateways: readonly [Program, Program]
  readonly isUp: [boolean, boolean] = [true, true]
  isTenantUp = true
  /** By how many seconds the clocks of the programs are ahead. */
  ahead = 0
  /** The tickets of all sequences that were played here. None of them may ever be somebody's again. */
  readonly used: string[] = []

  constructor(stack: Stack) {
    const [, second] = hosts
    this.stack = stack
    const settings = { ...stack.environment, HOST: second.replace(/[[\]]/g, ''), BASE_URL: stack.baseUrl }
    this.gateways = [stack.bff, new Program('bff/main.ts', settings)]
  }

  get programs(): readonly Program[] {
    return [...this.gateways, this.stack.api, this.stack.tenant]
  }

  /** The gateway with that number if it is up, else the other one. */
  either(number: GatewayNumber): GatewayNumber {
    if (this.isUp[number]) return number
    return number === 0 ? 1 : 0
  }

  async kill(number: GatewayNumber): Promise<void> {
    this.isUp[number] = false
    await this.gateways[number].stop('SIGKILL')
  }

  async stopTenant(): Promise<void> {
    this.isTenantUp = false
    await this.stack.tenant.stop('SIGKILL')
  }

  /** Starts what is down. */
  async repair(): Promise<void> {
    const down = ([0, 1] as const).filter((number) => !this.isUp[number])
    await Promise.all(down.map((number) => this.gateways[number].start()))
    if (!this.isTenantUp) await this.stack.tenant.start()
    for (const number of down) this.isUp[number] = true
    this.isTenantUp = true
  }

  /** What was said before has been read when this resolves. */
  async passTime(seconds: number): Promise<void> {
    this.ahead += seconds
    writeFileSync(join(this.stack.folder, 'clock'), String(this.ahead))
    const running = this.programs.filter(
      (program) =>
        (program !== this.stack.tenant || this.isTenantUp) &&
        this.gateways.every((gateway, number) => program !== gateway || this.isUp[number]),
    )
    await Promise.all(
      running.map((program) => {
        program.signal('SIGUSR2')
        return program.line(({ ahead }) => ahead === this.ahead)
      }),
    )
  }

  /** A request to one of the gateways, whatever address the browser has for both. */
  send(number: GatewayNumber, path: string | URL, { method = 'GET', headers = {}, body }: Options = {}) {
    const url = new URL(path, this.stack.baseUrl)
    const address = new URL(url)
    address.hostname = hosts[number]
    return send(address, method, { ...headers, host: url.host }, body)
  }

  cookieOf(ticket: string): string {
    return `ticket-${this.stack.environment.BFF_PORT}=${ticket}`
  }

  /** The form that logs out whoever holds that ticket, with the headers that prove its origin. */
  sendLogout(
    number: GatewayNumber,
    ticket: string | undefined,
    proof: Readonly<Record<string, string>> = formHeaders(this.stack.baseUrl),
  ): Promise<Page> {
    const cookie = ticket === undefined ? {} : { cookie: this.cookieOf(ticket) }
    const body = ticket === undefined ? '' : `token=${formTokenFor(this.stack, ticket)}`
    return this.send(number, '/logout', { method: 'POST', headers: { ...proof, ...cookie }, body })
  }

  /** A GET with nothing but that ticket: by a script below /api, else of a whole page. */
  get(number: GatewayNumber, path: string, ticket: string | undefined): Promise<Page> {
    const kind = path.startsWith('/api/') ? { accept: '*/*', 'sec-fetch-mode': 'cors' } : navigationHeaders
    const cookie = ticket === undefined ? {} : { cookie: this.cookieOf(ticket) }
    return this.send(number, path, { headers: { ...kind, ...cookie } })
  }

  /** What the tenant signs when it ends all sessions of a user at once. It has no page for that. */
  async logoutToken(email: string): Promise<string> {
    const database = new DatabaseSync(join(this.stack.folder, 'data', 'tenant.db'))
    const user = database.prepare('SELECT id FROM users WHERE email = ?').get(email)
    const secret = database.prepare(`SELECT value FROM secrets WHERE name = 'signing key'`).get()
    database.close()
    const key = JSON.parse(String(secret?.value))
    const now = Math.floor(Date.now() / 1000) + this.ahead
    const claims = { sub: String(user?.id), jti: randomUUID(), iat: now, exp: now + 120 }
    return new SignJWT({ ...claims, events: { [logoutEvent]: {} } })
      .setIssuer(`${this.stack.tenantUrl}/`)
      .setAudience(embeddedClients.gateway.id)
      .setProtectedHeader({ alg: 'RS256', typ: 'logout+jwt', kid: key.kid })
      .sign(await importJWK(key))
  }

  /** What the gateways have complained about, and what they have said without meaning to. */
  complaints(): LogLine[] {
    const lines = this.gateways.flatMap(({ log }) => log)
    return lines.filter(({ level, ahead }) => level !== 'info' && ahead === undefined)
  }

  /** How many refreshes the tenant has served or refused. */
  refreshes(msg: 'grant' | 'grant refused'): number {
    return this.stack.tenant.log.filter((line) => line.grant === 'refresh_token' && line.msg === msg).length
  }

  forget(): void {
    for (const { log } of this.programs) log.length = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateways[1].stop()
    await this.stack[Symbol.asyncDispose]()
  }
}

/**
 * Clocks that all programs share, also when they are started again: no test waits for an hour to pass. It is
 * Date alone that goes ahead; what waits for something waits for as long as ever.
 */
const clock = `
  import { readFileSync } from 'node:fs'
  const read = () => {
    try {
      return Number(readFileSync(process.env.DATA_DIR + '/../clock', 'utf8'))
    } catch {
      return 0
    }
  }
  let ahead = read()
  const Today = Date
  globalThis.Date = class Date extends Today {
    static now() {
      return Today.now() + ahead * 1000
    }
    constructor(...parts) {
      super(...(parts.length ? parts : [Date.now()]))
    }
  }
  process.on('SIGUSR2', () => {
    ahead = read()
    console.log(JSON.stringify({ ahead }))
  })`

export const accessTokenSeconds = 600
export const idleSeconds = 1500
export const absoluteSeconds = 2100

export async function startWorld(): Promise<World> {
  const stack = await startStack({
    HOST: '127.0.0.1',
    // Everybody comes from one address, hundreds of times a minute.
    LOGIN_RATE: '999999',
    TENANT_ACCESS_TOKEN_SECONDS: String(accessTokenSeconds),
    SESSION_IDLE_SECONDS: String(idleSeconds),
    SESSION_ABSOLUTE_SECONDS: String(absoluteSeconds),
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(clock)}`,
  })
  const world = new World(stack)
  try {
    await world.gateways[1].start()
  } catch (error) {
    await world[Symbol.asyncDispose]()
    throw error
  }
  return world
}
