/**
 * A service that reads the admin message with an access token of its own: OAuth 2.0 client credentials (RFC 6749
 * section 4.4). It gets a token, keeps it, renews it before it expires, and prints answers, never the token.
 * With --once it asks once, and its exit code is 0 when the answer was 200.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import * as oauth from 'openid-client'

// The defaults are those of the embedded set-up. A secret of yours belongs in the environment, not in this file.
const {
  ISSUER = 'http://127.0.0.1:7070/',
  CLIENT_ID = 'messages-service',
  CLIENT_SECRET = 'embedded-tenant-service-secret',
  AUDIENCE = 'https://hello-world.example.com',
  SCOPE = '',
  API_URL = 'http://localhost:6060',
  EVERY_SECONDS = '10',
} = process.env
const timeoutSeconds = 5
const isOnThisMachine = /^http:\/\/(127\.0\.0\.1|localhost)(:\d+)?(\/|$)/.test(ISSUER)

/** Why there was no answer, for people. The cause is what a server answered instead, if one did. */
class Failure extends Error {}

let provider: oauth.Configuration | undefined
let token: Promise<string> | undefined
let renewAt = 0

/** The token that is kept, or a new one when that is about to expire. What is in it is the API's to read. */
function accessToken(): Promise<string> {
  // Not by the time of day, which somebody may set.
  if (token && performance.now() < renewAt) return token
  // One request for all who ask meanwhile. A failure is not kept.
  renewAt = Number.POSITIVE_INFINITY
  token = requestToken().catch((error) => {
    token = undefined
    throw noToken(error)
  })
  return token
}

async function requestToken(): Promise<string> {
  const authentication = oauth.ClientSecretPost(CLIENT_SECRET)
  provider ??= await oauth.discovery(new URL(ISSUER), CLIENT_ID, undefined, authentication, {
    timeout: timeoutSeconds,
    // Secret and token travel by https, except on one's own machine.
    execute: isOnThisMachine ? [oauth.allowInsecureRequests] : [],
  })
  const wanted = { ...(AUDIENCE && { audience: AUDIENCE }), ...(SCOPE && { scope: SCOPE }) }
  const answer = await oauth.clientCredentialsGrant(provider, wanted)
  const seconds = answer.expires_in ?? 60
  // Early, so that no call carries a token that expires on its way.
  renewAt = performance.now() + (seconds - Math.min(30, seconds / 2)) * 1000
  return answer.access_token
}

function noToken(error: Error): Failure {
  const prefix = `No token from ${ISSUER}:`
  if (error instanceof oauth.ResponseBodyError) {
    const grant = `is the application authorised for AUDIENCE=${AUDIENCE} SCOPE=${SCOPE}?`
    const hint = error.error === 'invalid_client' ? 'are CLIENT_ID and CLIENT_SECRET right?' : grant
    const cause = error.response
    return new Failure(`${prefix} ${error.error}, ${error.error_description}; ${hint}`, { cause })
  }
  const { cause } = error
  if (cause instanceof Response) return new Failure(`${prefix} it answered ${cause.status}`, { cause })
  return new Failure(`${prefix} ${reason(error)}; is ISSUER right, and the provider up?`)
}

/** fetch says "fetch failed"; what happened is in the cause. */
function reason({ message, cause }: Error): string {
  if (!(cause instanceof Error)) return message
  return `${message}, ${(cause as NodeJS.ErrnoException).code ?? cause.message}`
}

async function get(path: string): Promise<{ readonly response: Response; readonly body: string }> {
  const headers = { Authorization: `Bearer ${await accessToken()}` }
  const signal = AbortSignal.timeout(timeoutSeconds * 1000)
  try {
    // No redirect is followed: the token is for this API and not for wherever that would lead.
    const response = await fetch(new URL(path, API_URL), { headers, signal, redirect: 'error' })
    return { response, body: await response.text() }
  } catch (error) {
    const why = reason(error as Error)
    throw new Failure(`No answer from ${API_URL}: ${why}; is API_URL right, and the API up?`)
  }
}

const hints: Readonly<Record<number, string>> = {
  401: ' to a new token; are ISSUER and AUDIENCE the ones that the API expects?',
  403: '; has the application the permission read:admin-messages for the API?',
}

async function readAdminMessage(): Promise<string> {
  let { response, body } = await get('/api/messages/admin')
  if (response.status === 401) {
    // Revoked, or signed with a key that is gone. Once: a new token that is refused as well will not do either.
    token = undefined
    ;({ response, body } = await get('/api/messages/admin'))
  }
  if (response.ok) return body
  const hint = hints[response.status] ?? ''
  throw new Failure(`${API_URL} answered ${response.status}${hint}`, { cause: response })
}

/** What 429 and 503 ask for, in seconds or as a date. At most five minutes: it may be a mistake. */
function retryAfter(response: unknown): number {
  const value = (response instanceof Response && response.headers.get('retry-after')) || ''
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000
  return Math.min(seconds || 0, 300)
}

for (const once = process.argv.includes('--once'); ; ) {
  let pause = Number(EVERY_SECONDS) || 10
  try {
    process.stdout.write(`200 ${await readAdminMessage()}\n`)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    pause = Math.max(pause, retryAfter(error.cause))
    process.stdout.write(`${error.message}${once ? '' : ` (again in ${Math.ceil(pause)} s)`}\n`)
    if (once) process.exitCode = 1
  }
  if (once) break
  await sleep(pause * 1000)
}
