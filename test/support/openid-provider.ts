import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { JWTHeaderParameters, JWTPayload } from 'jose'
import { Browser, type Page, send } from './browser.ts'
import { Issuer, json, newKey, type SigningKey } from './issuer.ts'
import { freePorts } from './ports.ts'
import { type Environment, Program } from './program.ts'
import { worker } from './proof/worker.ts'

export const clientId = 'the-client'
export const clientSecret = 'the-secret-of-the-client-at-the-provider'
export const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

type Claims = Readonly<Record<string, unknown>>

/** An OpenID provider that logs in whom a test says, at once, and signs whatever a test wants signed. */
export class OpenidProvider extends Issuer {
  /** What the next ID token says of its user. */
  user: Claims = { sub: 'auth0|user', sid: 'first' }
  /** How an ID token is made of its claims. */
  makeIdToken = (claims: Claims): Promise<string> | string => this.token(claims, { typ: 'JWT' })
  accessTokenSeconds = 3600
  readonly issued: string[] = []
  readonly revoked: (string | null)[] = []
  /** What a refresh waits for before it is answered. */
  beforeRefresh: Promise<unknown> = Promise.resolve()
  /** How a refresh is answered instead of well. */
  refreshing: RequestListener | undefined
  /** How often it was asked for one. */
  refreshes = 0
  readonly #nonces = new Map<string, string | null>()

  override get metadata(): Claims {
    return {
      ...super.metadata,
      authorization_endpoint: `${this.url}authorize`,
      token_endpoint: `${this.url}token`,
      revocation_endpoint: `${this.url}revoke`,
      end_session_endpoint: `${this.url}logout`,
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
    }
  }

  /** A good logout token for everything of that user; a claim or header parameter that is undefined is left out. */
  logoutToken(
    claims: Claims = {},
    header: Partial<JWTHeaderParameters> = {},
    key: SigningKey = this.key,
  ): Promise<string> {
    return this.token({ ...this.logoutClaims(), ...claims }, { typ: 'logout+jwt', ...header }, key)
  }

  logoutClaims(): JWTPayload {
    const now = Math.floor(Date.now() / 1000)
    return {
      iss: this.url,
      aud: clientId,
      iat: now,
      exp: now + 120,
      jti: randomUUID(),
      events: { [logoutEvent]: {} },
      sub: 'auth0|user',
    }
  }

  /** What comes with a request for tokens, and what is answered, however a test has it answered. */
  #writeDown({ headers }: IncomingMessage, form: URLSearchParams, res: ServerResponse): void {
    const add = (kind: string, value: unknown) =>
      typeof value === 'string' && this.needles.push({ kind, value })
    const basic = Buffer.from(headers.authorization?.replace(/^Basic /i, '') ?? '', 'base64').toString()
    add('client_secret', decodeURIComponent(basic.slice(basic.indexOf(':') + 1)))
    for (const kind of ['client_secret', 'code', 'code_verifier', 'refresh_token']) add(kind, form.get(kind))
    const end = res.end.bind(res) as (...args: unknown[]) => ServerResponse
    res.end = (...args: unknown[]) => {
      const tokens = /"((?:access|refresh|id)_token)" ?: ?"([^"]*)"/g
      const [body] = args
      if (typeof body === 'string') {
        for (const [, kind = '', value] of body.matchAll(tokens)) add(kind, value)
      }
      return end(...args)
    }
  }

  protected override answerTo(path: string): RequestListener {
    const routes: Readonly<Record<string, (...args: Parameters<RequestListener>) => unknown>> = {
      '/authorize': (req, res) => {
        const { searchParams } = new URL(req.url ?? '', this.url)
        const code = randomUUID()
        this.needles.push({ kind: 'code', value: code })
        this.#nonces.set(code, searchParams.get('nonce'))
        const back = new URL(searchParams.get('redirect_uri') ?? '')
        back.searchParams.set('code', code)
        back.searchParams.set('state', searchParams.get('state') ?? '')
        res.writeHead(302, { Location: back.href }).end()
      },
      '/token': async (req, res) => {
        const form = new URLSearchParams(await text(req))
        this.#writeDown(req, form, res)
        const refresh = form.get('grant_type') === 'refresh_token'
        if (refresh) this.refreshes += 1
        if (refresh) await this.beforeRefresh
        if (refresh && this.refreshing) return this.refreshing(req, res)
        const tokens = { access_token: randomUUID(), refresh_token: randomUUID(), token_type: 'Bearer' }
        const claims = { aud: clientId, nonce: this.#nonces.get(form.get('code') ?? ''), ...this.user }
        const idToken = refresh ? undefined : await this.makeIdToken({ ...this.claims(), ...claims })
        this.issued.push(...[tokens.access_token, tokens.refresh_token, idToken ?? []].flat())
        json({ ...tokens, expires_in: this.accessTokenSeconds, id_token: idToken })(req, res)
      },
      '/revoke': async (req, res) => {
        this.revoked.push(new URLSearchParams(await text(req)).get('token'))
        res.writeHead(200).end()
      },
    }
    const route = routes[path]
    if (!route) return super.answerTo(path)
    return (req, res) => {
      route(req, res)
    }
  }
}

export async function startOpenidProvider(): Promise<OpenidProvider> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const provider = new OpenidProvider(server, await newKey('first'))
  // Keys need not say for which algorithm they are (RFC 7517 section 4.4).
  const { alg: _, ...jwk } = provider.key.jwk
  provider.keys = [jwk]
  return provider
}

/** The shipped gateway, trusting that provider. */
export class Gateway implements AsyncDisposable {
  readonly program: Program
  readonly url: string
  readonly folder: string
  readonly environment: Environment
  #jumps = 0

  constructor(environment: Environment, folder: string) {
    this.environment = environment
    this.folder = folder
    this.url = `http://localhost:${environment.BFF_PORT}`
    this.program = new Program('bff/main.ts', environment)
  }

  async login(path = '/profile', browser = new Browser(this.url)): Promise<Browser> {
    await browser.open(`/login?returnTo=${encodeURIComponent(path)}`)
    return browser
  }

  /** What a provider sends. */
  post(body: string | Readonly<Record<string, string>>, headers: Record<string, string> = {}): Promise<Page> {
    const form = typeof body === 'string' ? body : new URLSearchParams(body).toString()
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    return send(new URL('/backchannel-logout', this.url), 'POST', { ...type, ...headers }, form)
  }

  async logOut(token: string | Promise<string>): Promise<Page> {
    return this.post({ logout_token: await token })
  }

  /** Lets the jumping clock jump. */
  async later(): Promise<void> {
    this.#jumps += 1
    this.program.signal('SIGUSR2')
    await this.program.line(({ jumps }) => jumps === this.#jumps)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop()
    worker.lookIntoFolder(this.folder)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export async function startGateway(provider: OpenidProvider, settings: Environment = {}): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
  const [port = 0] = await freePorts(1)
  const gateway = new Gateway(
    {
      BFF_PORT: String(port),
      DATA_DIR: folder,
      ISSUER_URL: provider.url,
      AUTH0_CLIENT_ID: clientId,
      AUTH0_CLIENT_SECRET: clientSecret,
      ...settings,
    },
    folder,
  )
  await gateway.program.start()
  return gateway
}

/** 200: somebody is logged in; 401: nobody. */
export const profile = async (browser: Browser) => (await browser.fetch('/profile')).status
