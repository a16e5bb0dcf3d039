import type { Arrived } from '../../test/support/upstream.ts'
import type { Target } from '../target.ts'
import { recorded } from './set-ups.ts'
import { cookieHeader } from './visits.ts'

/** What arrives in the place of the API for a request of somebody who is logged in. */
export async function arrivedFor(
  target: Target,
  path: string,
  options: {
    readonly method?: string
    readonly headers?: Record<string, string>
    readonly body?: string
  } = {},
) {
  const { target: own, upstream } = await recorded(target)
  const browser = await own.loggedIn()
  const before = upstream.arrived.length
  const answer = await browser.fetch(path, options)
  return { answer, arrived: upstream.arrived.slice(before) as readonly Arrived[], own }
}

/** The same for a request line and headers as they are, with the cookies of somebody who is logged in. */
export async function steered(target: Target, head: readonly string[]) {
  const { target: own, upstream } = await recorded(target)
  const cookie = await cookieHeader(await own.loggedIn(), own)
  const before = upstream.arrived.length
  const lines = [...head, `Cookie: ${cookie}`, 'Sec-Fetch-Site: same-origin', 'Connection: close', '', '']
  const text = await own.raw(lines.join('\r\n'))
  const arrived = upstream.arrived.slice(before).map(({ request }) => `${request.method} ${request.url}`)
  return { status: /^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 'nothing', text, arrived }
}
