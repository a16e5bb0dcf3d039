import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { Browser, navigationHeaders } from './support/browser.ts'
import { movedClock } from './support/issuer.ts'
import type { Environment } from './support/program.ts'
import { type Stack, startStack } from './support/stack.ts'

const hour = 3600
const api = async (browser: Browser) => (await browser.fetch('/api/messages/protected')).status
const profile = async (browser: Browser) => (await browser.fetch('/profile')).status

/** A stack whose machine has its clock set while visitors are logged in. */
async function startMoved(seconds: readonly number[], settings: Environment = {}) {
  const stack = await startStack({ ...movedClock(...seconds), ...settings })
  let jumps = 0
  const user = new Browser(stack.baseUrl)
  await user.login('user@example.com')
  const programs = [stack.bff, stack.api, stack.tenant]
  /** The next of the jumps, in all programs: it is one machine. */
  const move = async (which = programs) => {
    jumps += 1
    const now = jumps
    for (const program of which) program.signal('SIGUSR2')
    await Promise.all(which.map((program) => program.line((line) => line.jumps === now)))
  }
  return { stack, user, move, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() }
}

const health = (stack: Stack) =>
  Promise.all(['/livez', '/readyz'].map(async (path) => (await fetch(stack.baseUrl + path)).status))

describe('a clock that is set', () => {
  test('by two seconds, forth and back, changes nothing for anybody (F28)', async () => {
    await using moved = await startMoved([2, 0, -2, 0])
    for (let jumps = 0; jumps < 4; jumps += 1) {
      await moved.move()
      expect([await api(moved.user), await profile(moved.user)]).toEqual([200, 200])
      expect((await moved.user.open('/protected')).status).toBe(200)
    }
    expect(moved.stack.refreshes()).toBe(0)
  })

  test('an hour ahead logs nobody out whose session lasts longer than that (F28)', async () => {
    await using moved = await startMoved([hour], { SESSION_IDLE_SECONDS: String(2 * hour) })
    await moved.move()
    expect(await profile(moved.user)).toBe(200)
    // The access token has expired by that clock.
    expect(await api(moved.user)).toBe(200)
    expect(moved.stack.refreshes()).toBe(1)
    expect(await health(moved.stack)).toEqual([200, 200])
  })

  test('an hour ahead ends a session that may be idle for half an hour, and a login helps (F28)', async () => {
    await using moved = await startMoved([hour])
    await moved.move()
    expect(await api(moved.user)).toBe(401)
    const page = await moved.user.request('/profile', { headers: navigationHeaders })
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login?returnTo=%2Fprofile'])
    expect((await moved.user.open('/')).status).toBe(200)
    expect((await moved.user.login('user@example.com')).status).toBe(200)
    expect(await api(moved.user)).toBe(200)
    expect(await health(moved.stack)).toEqual([200, 200])
  })

  test('an hour back logs nobody out, and all is well when it is right again (F28)', async () => {
    await using moved = await startMoved([-hour, 0])
    await moved.move()
    expect(await profile(moved.user)).toBe(200)
    expect(await health(moved.stack)).toEqual([200, 200])
    // By that clock its token is from the future, and the API takes none of those: it is exchanged, once (P25).
    expect([await api(moved.user), await api(moved.user)]).toEqual([200, 200])
    expect(moved.stack.refreshes()).toBe(1)
    expect((await moved.user.open('/protected')).status).toBe(200)
    await moved.move()
    expect([await api(moved.user), await profile(moved.user)]).toEqual([200, 200])
    expect(moved.stack.bff.log.filter(({ level }) => level === 'fatal')).toEqual([])
  })

  test.each([hour, -hour])(
    'by %d seconds in the middle of a request breaks off nothing (F28)',
    async (seconds) => {
      let answer: ServerResponse | undefined
      const upstream = createServer((_req, res) => {
        answer = res
        upstream.emit('asked')
      }).listen(0, '127.0.0.1')
      await once(upstream, 'listening')
      const { port } = upstream.address() as AddressInfo
      await using stack = await startStack({
        ...movedClock(seconds),
        API_SERVER_URL: `http://127.0.0.1:${port}`,
      })
      const asked = once(upstream, 'asked')
      const slow = fetch(`${stack.baseUrl}/api/messages/public`)
      await asked
      stack.bff.signal('SIGUSR2')
      await stack.bff.line(({ jumps }) => jumps === 1)
      answer?.setHeader('Content-Type', 'application/json').end('{"slow":true}')
      expect(await (await slow).text()).toBe('{"slow":true}')
      upstream.closeAllConnections()
      upstream.close()
    },
  )
})
