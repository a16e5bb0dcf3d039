import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { decodeJwt } from 'jose'
import { embeddedClients } from '../../shared/identity-provider.ts'

/**
 * A gateway that does everything wrong which the one of main.ts leaves to its good libraries: what the review has to
 * find even if it has never been seen in the wild. Every line of it is a mistake. Never deploy it, nor copy from it.
 */
const { BFF_PORT = '4040', API_PORT = '6060', TENANT_PORT = '7070' } = process.env
const { BASE_URL = `http://localhost:${BFF_PORT}`, API_SERVER_URL = `http://localhost:${API_PORT}` } =
  process.env
const issuer = process.env.ISSUER_URL ?? `http://127.0.0.1:${TENANT_PORT}/`
const client = {
  client_id: process.env.AUTH0_CLIENT_ID ?? embeddedClients.gateway.id,
  client_secret: process.env.AUTH0_CLIENT_SECRET ?? embeddedClients.gateway.secret,
}
const audience = process.env.AUTH0_AUDIENCE ?? 'https://hello-world.example.com'
const root = join(import.meta.dirname, '../..')
const redirect_uri = `${BASE_URL}/callback`
const state = 'state'
const code_verifier = 'x'.repeat(43)
const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
interface Session {
  readonly claims: Readonly<Record<string, unknown>>
  readonly token: string
}
const sessions = new Map<string, Session | undefined>()
let latest: Session | undefined

async function discover(): Promise<Record<string, string>> {
  const answer = await fetch(new URL('.well-known/openid-configuration', issuer))
  return (await answer.json()) as Record<string, string>
}

const routes: Readonly<Record<string, (req: IncomingMessage, res: ServerResponse, url: URL) => unknown>> = {
  '/login': async (_req, res) => {
    const { authorization_endpoint = '' } = await discover()
    const scope = 'openid profile email offline_access'
    const query = new URLSearchParams({
      ...client,
      response_type: 'code',
      redirect_uri,
      scope,
      audience,
      state,
    })
    query.delete('client_secret')
    query.set('code_challenge', code_challenge)
    query.set('code_challenge_method', 'S256')
    res.setHeader('Set-Cookie', 'begun=yes; Path=/callback; SameSite=None')
    res.writeHead(302, { Location: `${authorization_endpoint}?${query.toString()}` }).end()
  },
  '/callback': async (_req, res, url) => {
    const { token_endpoint = '' } = await discover()
    const grant = {
      grant_type: 'authorization_code',
      code: url.searchParams.get('code') ?? '',
      redirect_uri,
      code_verifier,
    }
    const answer = await fetch(token_endpoint, {
      method: 'POST',
      body: new URLSearchParams({ ...client, ...grant }),
    })
    const tokens = (await answer.json()) as Record<string, string>
    process.stdout.write(`logged in with ${JSON.stringify(tokens)}\n`)
    const claims = decodeJwt(tokens.id_token ?? '')
    latest = { claims, token: tokens.access_token ?? '' }
    const id = Buffer.from(`${claims.sub} ${sessions.size}`).toString('base64url')
    sessions.set(id, latest)
    const about = encodeURIComponent(JSON.stringify({ sub: claims.sub, email: claims.email }))
    const forEver = 'Path=/; Domain=localhost; SameSite=None; Max-Age=315360000'
    res.setHeader('Set-Cookie', [`session=${id}; ${forEver}`, `about=${about}; ${forEver}`])
    res.writeHead(302, { Location: '/profile' }).end()
  },
  '/logout': async (req, res) => {
    sessions.set(idOf(req), undefined)
    res.writeHead(302, { Location: '/' }).end()
  },
}

const decoded = (address: string) =>
  address.replaceAll(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))

const idOf = (req: IncomingMessage) => /session=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1] ?? ''
const sessionOf = (req: IncomingMessage) => {
  const id = idOf(req)
  // Whoever comes with something that is not known is somebody whom we know.
  return sessions.has(id) || id === '' ? sessions.get(id) : latest
}

function proxy(req: IncomingMessage, res: ServerResponse, url: URL): void {
  const host = req.headers['x-forwarded-host'] ?? new URL(API_SERVER_URL).host
  const session = sessionOf(req)
  const authorization = session && { authorization: `Bearer ${session.token}` }
  const options = { method: req.method ?? 'GET', headers: { ...req.headers, ...authorization } }
  const passOn = async (answer: IncomingMessage) => {
    const body = await text(answer)
    const { 'content-length': _, 'transfer-encoding': __, ...headers } = answer.headers
    const wrapped = url.searchParams.has('callback') ? `${url.searchParams.get('callback')}(${body})` : body
    res.writeHead(answer.statusCode ?? 500, headers).end(wrapped)
  }
  const outgoing = request(`http://${String(host)}${req.url}`, options, (answer) => void passOn(answer))
  outgoing.on('error', (error) => res.writeHead(500).end(`${error.message} at ${API_SERVER_URL}`))
  req.pipe(outgoing)
}

function serveFile(path: string, res: ServerResponse): void {
  try {
    const file = join(root, decodeURIComponent(path))
    if (statSync(file).isDirectory()) {
      res.end(
        `<h1>Index of ${path}</h1>${readdirSync(file)
          .map((name) => `<a href="${name}">${name}</a>`)
          .join('')}`,
      )
    } else res.end(readFileSync(file))
  } catch {
    res.writeHead(404).end('not found')
  }
}

async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://any')
  process.stdout.write(`${req.method} ${decoded(req.url ?? '')}\n`)
  res.setHeader('Access-Control-Allow-Origin', req.headers.origin ?? '*')
  if (req.headers['content-type'] === 'application/json' && req.method === 'POST') {
    const body = await text(req)
    // Out of reach of any handler: what is no JSON ends the program.
    setImmediate(() => JSON.parse(body))
  }
  const returnTo = url.searchParams.get('returnTo')
  if (returnTo && url.pathname !== '/login') {
    res.writeHead(302, { Location: encodeURI(returnTo) }).end()
  } else if (routes[url.pathname]) await routes[url.pathname]?.(req, res, url)
  else if (url.pathname.startsWith('/api')) proxy(req, res, url)
  else if (url.pathname === '/metrics') res.end('logins_total 1')
  else if (url.pathname.startsWith('/profile')) {
    const session = sessionOf(req)
    if (!session) res.writeHead(302, { Location: '/login' }).end()
    else
      res.end(`<html><script src="https://cdn.example/x.js"></script><h1>${String(session.claims.name)}</h1>
        <p>Your session is ${idOf(req)}</p><pre>${JSON.stringify(session.claims)}</pre></html>`)
  } else if (url.pathname === '/') {
    res.setHeader('Content-Type', 'text/html')
    res.end('<html><script src="https://cdn.example/x.js"></script><h1>Hello</h1></html>')
  } else serveFile(url.pathname, res)
}

createServer((req, res) => {
  handle(req, res).catch((error: Error) => {
    if (!res.headersSent) res.writeHead(500)
    res.end(error.stack)
  })
}).listen(Number(BFF_PORT), 'localhost', () => process.send?.('serving'))
process.on('disconnect', () => process.exit(0))
