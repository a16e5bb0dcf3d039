import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embeddedClients } from '../shared/identity-provider.ts'
import { freePorts } from '../test/support/ports.ts'
import type { Request } from './load.ts'
import { forwardedHeaders, logIn } from './log-in.ts'
import { startProgram } from './programs.ts'
import { type Server, untilItAnswers } from './server.ts'

export const here = join(import.meta.dirname, '..')

/** The address of every gateway that is measured: as in production, something in front of it ends TLS. */
export const baseUrl = 'https://bench.localhost'
/** Of the ticket, at an https address. */
export const cookieName = '__Host-Http-ticket'
const audience = 'https://hello-world.example.com'

export interface Gateway {
  readonly server: Server
  /** The Cookie header of somebody who is logged in. */
  readonly cookie: string
}

type Settings = Readonly<Record<string, string>>

/** One tenant, one API, and a folder: what everything that is measured stands in. */
export class World implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cloakroom-bench-'))
  readonly #servers: Pick<Server, 'stop'>[] = []
  readonly secret = randomBytes(48).toString('base64')
  #tenantPort = 0
  #api: Server | undefined
  #redis: string | undefined

  static async open(): Promise<World> {
    const world = new World()
    // Some of what is measured becomes another user.
    chmodSync(world.folder, 0o711)
    const [port = 0] = await freePorts(1)
    world.#tenantPort = port
    await world.start('tenant', join(here, 'tenant/main.ts'), { TENANT_PORT: String(port) }, port)
    world.#api = await world.startApi(here)
    return world
  }

  get tenant(): string {
    return `http://127.0.0.1:${this.#tenantPort}/`
  }

  get api(): Server {
    if (!this.#api) throw new Error('The world is not open')
    return this.#api
  }

  /** The settings that all of them share: as in production, but for the limit of requests, which is not the question. */
  get #settings(): Settings {
    return {
      HOST: '127.0.0.1',
      BASE_URL: baseUrl,
      TENANT_PORT: String(this.#tenantPort),
      TENANT_ACCESS_TOKEN_SECONDS: '36000',
      SESSION_SECRET: this.secret,
      API_RATE: '999999999',
      API_SERVER_URL: this.#api?.url ?? '',
    }
  }

  /** Starts a Node program with the settings of all and its own; it is stopped with the world. */
  async start(name: string, file: string, settings: Settings, port: number): Promise<Server> {
    const environment = { ...this.#settings, DATA_DIR: join(this.folder, `${name}-${port}`), ...settings }
    return this.keep(await startProgram({ name, file, port, environment }))
  }

  /** One of the baselines. */
  async startBaseline(name: string, settings: Settings = {}): Promise<Server> {
    const port = await this.freePort()
    const file = join(import.meta.dirname, 'baselines', `${name}.ts`)
    return this.start(name, file, { NODE_ENV: 'production', PORT: String(port), ...settings }, port)
  }

  async startApi(root: string): Promise<Server> {
    const port = await this.freePort()
    return this.start('api', join(root, 'api/main.ts'), { API_PORT: String(port) }, port)
  }

  /** A gateway, of this checkout or another, with somebody logged in. `file`: another program in its place. */
  async startGateway(settings: Settings = {}, root = here, file = 'bff/main.ts'): Promise<Gateway> {
    return this.enter(await this.startGatewayAlone(settings, root, file))
  }

  /** The same, with nobody logged in. */
  async startGatewayAlone(settings: Settings, root = here, file = 'bff/main.ts'): Promise<Server> {
    const port = await this.freePort()
    return this.start('gateway', join(root, file), { BFF_PORT: String(port), ...settings }, port)
  }

  /** Logs somebody in. */
  async enter(server: Server, path = '/profile'): Promise<Gateway> {
    return { server, cookie: await logIn({ url: server.url, baseUrl, path, tenant: this.tenant }) }
  }

  /** The address of a Redis of our own that writes nothing to disk; undefined: the machine has none. */
  async redis(database = 0): Promise<string | undefined> {
    if (this.#redis === undefined && !spawnSync('redis-server', ['--version']).error) {
      const port = await this.freePort()
      const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
        cwd: this.folder,
        stdio: 'ignore',
      })
      this.keep({ stop: async () => void child.kill('SIGKILL') })
      await untilItAnswers(port, AbortSignal.timeout(10_000))
      this.#redis = `redis://127.0.0.1:${port}`
    }
    return this.#redis === undefined ? undefined : `${this.#redis}/${database}`
  }

  keep<Kept extends Pick<Server, 'stop'>>(server: Kept): Kept {
    this.#servers.push(server)
    return server
  }

  newFolder(): string {
    return mkdtempSync(join(this.folder, 'other-'))
  }

  async freePort(): Promise<number> {
    const [port = 0] = await freePorts(1)
    return port
  }

  /** An access token that the API takes for everything. */
  async serviceToken(): Promise<string> {
    const { id: client_id, secret: client_secret } = embeddedClients.service
    const form = { grant_type: 'client_credentials', client_id, client_secret, audience }
    const answer = await fetch(`${this.tenant}oauth/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    const { access_token: token } = (await answer.json()) as { access_token: string }
    return token
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** What a browser's script asks of a gateway, by way of what ends TLS. */
export function fromScript({ server, cookie }: Gateway, path: string): Request {
  const headers = { ...forwardedHeaders(baseUrl), Accept: '*/*', 'Sec-Fetch-Site': 'same-origin' }
  return { url: server.url + path, headers: { ...headers, 'Sec-Fetch-Mode': 'cors', Cookie: cookie } }
}

/** The same of a page that somebody opens. */
export function byNavigation({ server, cookie }: Gateway, path: string): Request {
  const headers = { ...forwardedHeaders(baseUrl), Accept: 'text/html', 'Sec-Fetch-Site': 'same-origin' }
  return { url: server.url + path, headers: { ...headers, 'Sec-Fetch-Mode': 'navigate', Cookie: cookie } }
}
