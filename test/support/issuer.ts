import { KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'
import { freePorts } from './ports.ts'
import { type Environment, Program } from './program.ts'
import type { Needle } from './proof/seen.ts'
import { worker } from './proof/worker.ts'

export const audience = 'https://hello-world.example.com'

export interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  /** As it stands in the issuer's key set. */
  readonly jwk: JWK
}

export async function newKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' } }
}

type Part = string | Buffer | object

export function encoded(part: Part): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

type Signature = (input: Buffer) => Buffer

export const rs256 =
  (key: CryptoKey): Signature =>
  (input) =>
    sign('sha256', input, KeyObject.from(key))

export const json: (body: unknown) => RequestListener = (body) => (_req, res) => {
  res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

/** An issuer of tokens: a discovery document, a key set, and every way in which they may go wrong. */
export class Issuer implements AsyncDisposable {
  readonly url: string
  readonly key: SigningKey
  /** What its key set holds. */
  keys: JWK[]
  /** How it answers instead of well. */
  discovery: RequestListener | undefined
  keySet: RequestListener | undefined
  /** The paths it was asked for, in order. */
  readonly asked: string[] = []
  /** What it has issued and received, of which nobody else may see anything. */
  readonly needles: Needle[] = []
  readonly #server: Server

  constructor(server: Server, key: SigningKey) {
    this.#server = server
    this.key = key
    this.keys = [key.jwk]
    worker.addSource(() => this.needles)
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    server.on('request', (req, res) => {
      const { pathname } = new URL(req.url ?? '/', this.url)
      this.asked.push(pathname)
      this.answerTo(pathname)(req, res)
    })
  }

  protected answerTo(path: string): RequestListener {
    if (path === '/.well-known/openid-configuration') return this.discovery ?? json(this.metadata)
    if (path === '/keys') return this.keySet ?? json({ keys: this.keys })
    return (_req, res) => res.writeHead(404).end()
  }

  get metadata(): Readonly<Record<string, unknown>> {
    return { issuer: this.url, jwks_uri: `${this.url}keys` }
  }

  /** How often its key set was fetched. */
  get keyFetches(): number {
    return this.asked.filter((path) => path === '/keys').length
  }

  /** What a good access token of this issuer claims. */
  claims(): JWTPayload {
    const now = Math.floor(Date.now() / 1000)
    return { iss: this.url, sub: 'auth0|user', aud: audience, iat: now, exp: now + 3600 }
  }

  /** An access token; a claim or header parameter that is undefined is left out. */
  async token(
    claims: Readonly<Record<string, unknown>> = {},
    header: Partial<JWTHeaderParameters> = {},
    key = this.key,
  ): Promise<string> {
    const value = await new SignJWT({ ...this.claims(), ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.kid, ...header })
      .sign(key.privateKey)
    const kind = { JWT: 'id_token', 'logout+jwt': 'logout_token' }[String(header.typ)] ?? 'access_token'
    this.needles.push({ kind, value })
    return value
  }

  /** Header and payload byte by byte, as no library would write them; signed with the right key. */
  forge(header: Part, payload: Part, signature: Signature = rs256(this.key.privateKey)): string {
    const input = `${encoded(header)}.${encoded(payload)}`
    return `${input}.${signature(Buffer.from(input)).toString('base64url')}`
  }

  /** Takes no connection until it goes on. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async goOn(): Promise<void> {
    await once(this.#server.listen(Number(new URL(this.url).port), '127.0.0.1'), 'listening')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.stop()
  }
}

export async function startIssuer(): Promise<Issuer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new Issuer(server, await newKey('first'))
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export class Api implements AsyncDisposable {
  readonly program: Program
  readonly url: string
  #jumps = 0

  constructor(program: Program, url: string) {
    this.program = program
    this.url = url
  }

  /** A request that is written byte by byte; the answer up to the end of the connection. */
  async raw(line: string, ...headers: readonly string[]): Promise<Answer> {
    const { hostname, port, host } = new URL(this.url)
    const socket = connect(Number(port), hostname)
    socket.write([line, `Host: ${host}`, 'Connection: close', ...headers, '', ''].join('\r\n'))
    let answer = ''
    for await (const chunk of socket) answer += chunk
    const [head = '', text = ''] = answer.split('\r\n\r\n')
    const [status = '', ...fields] = head.split('\r\n')
    return {
      status: Number(status.split(' ')[1]),
      headers: new Headers(
        fields.map((field): [string, string] => [field.split(':')[0] ?? '', field.replace(/^.*?: ?/, '')]),
      ),
      text,
    }
  }

  /** How the API answers whoever asks for a message with this token. */
  async statusOf(token: string, name = 'protected'): Promise<number> {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${this.url}/api/messages/${name}`, { headers })
    await answer.arrayBuffer()
    return answer.status
  }

  /** Lets the jumping clock jump. */
  async later(): Promise<void> {
    this.#jumps += 1
    this.program.signal('SIGUSR2')
    await this.program.line(({ jumps }) => jumps === this.#jumps)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop()
  }
}

/** A setting by which a program's clocks jump ahead at a signal: no test waits for keys to grow old. */
export function jumpingClock(seconds: number): Environment {
  const code = `
    let jumps = 0
    for (const clock of [Date, performance]) {
      const now = clock.now.bind(clock)
      clock.now = () => now() + jumps * ${seconds} * 1000
    }
    process.on('SIGUSR2', () => console.log(JSON.stringify({ jumps: ++jumps })))`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}

/**
 * The same for the time of day only, as when somebody sets it: with each signal it is off by the next of so many
 * seconds. What measures time goes on.
 */
export function movedClock(...seconds: readonly number[]): Environment {
  const code = `
    const [real, now] = [Date, Date.now.bind(Date)]
    let jumps = 0
    real.now = () => now() + [0, ${seconds.join()}][jumps] * 1000
    globalThis.Date = new Proxy(real, {
      construct: (target, args, made) => Reflect.construct(target, args.length ? args : [real.now()], made),
    })
    process.on('SIGUSR2', () => console.log(JSON.stringify({ jumps: ++jumps })))`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}

/** The shipped API, trusting that issuer. */
export async function startApi(issuer: string, settings: Environment = {}): Promise<Api> {
  const [port = 0] = await freePorts(1)
  const program = new Program('api/main.ts', { API_PORT: String(port), ISSUER_URL: issuer, ...settings })
  await program.start()
  return new Api(program, `http://localhost:${port}`)
}
