import type { IncomingMessage } from 'node:http'
import { recorded } from '../../../probes/set-ups.ts'
import type { Target } from '../../../target.ts'

/** What a client may try to tell the API past the gateway. */
export const forged = {
  authorization: 'Bearer forged',
  'x-forwarded-for': '203.0.113.9',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-user': 'admin@example.com',
  forwarded: 'for=203.0.113.9',
  'x-real-ip': '203.0.113.9',
  'x-original-url': '/api/messages/admin',
  'x-http-method-override': 'DELETE',
  'x-user': 'admin@example.com',
} as const

export interface Upwards {
  readonly request: IncomingMessage
  /** Every token that the tenant had issued until then. */
  readonly tokens: readonly string[]
}

/** What reaches the API of a request that a logged-in user's script makes, with the headers above. */
export const sentUpwards = (target: Target): Promise<Upwards> =>
  target.once('sent upwards', async () => {
    const { target: other, upstream } = await recorded(target)
    const browser = await other.freshLogin()
    const { status } = await browser.fetch(other.paths.api, { headers: forged })
    const request = upstream.last()?.request
    if (!request) throw new Error(`GET ${other.paths.api} → ${status}, and nothing reached the API`)
    return { request, tokens: other.stack.issuedTokens().map(({ value }) => value) }
  })
