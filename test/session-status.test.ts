import type { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { attribute, Browser, elements, formHeaders, type Page, textOf } from './support/browser.ts'
import { type Stack, startStack } from './support/stack.ts'

const idle = 1800
const absolute = 43_200

let stack: Stack
let user: Browser
beforeAll(async () => {
  stack = await startStack()
})
beforeEach(async () => {
  withFile((file) => file.exec('DELETE FROM session'))
  user = new Browser(stack.baseUrl)
  await user.login('user@example.com')
})
afterAll(() => stack[Symbol.asyncDispose]())

function withFile<Result>(work: (file: DatabaseSync) => Result): Result {
  using file = stack.sessionsFile()
  return work(file)
}
const row = () => withFile((file) => file.prepare('SELECT * FROM session').get())
const secondsLeft = () => (Number(row()?.expires_at) - Date.now()) / 1000
/** As if the last request had been so many seconds ago. */
const goBack = (seconds: number) =>
  withFile((file) =>
    file.exec(
      `UPDATE session SET seen_at = seen_at - ${seconds * 1000}, expires_at = expires_at - ${seconds * 1000}`,
    ),
  )

/** Where a page leads by itself where there are no scripts, and after how many seconds. */
function refreshOf(page: Page): { seconds: number; address: string } | undefined {
  const [, seconds, address] =
    /<noscript><meta http-equiv="refresh" content="(\d+);url=([^"]*)"><\/noscript>/.exec(page.text) ?? []
  return address === undefined ? undefined : { seconds: Number(seconds), address }
}
const watchOf = (page: Page) => elements(page.text, 'div').find((each) => attribute(each, 'id') === 'session')
const buttons = (page: Page) =>
  elements(page.text, 'section')
    .filter((each) => attribute(each, 'class') === 'warning')
    .map((each) => attribute(each, 'role'))

describe('asking how long a session lasts', () => {
  test.each([
    ['as a page', () => user.open('/session?returnTo=/profile')],
    ['as htmx', () => user.swap('/session?returnTo=/profile', '/profile')],
  ])('%s changes nothing about it', async (_how, ask) => {
    goBack(idle - 60)
    const before = row()
    for (let time = 0; time < 3; time += 1) {
      const page = await ask()
      expect([page.status, page.headers.getSetCookie()]).toEqual([200, []])
    }
    expect(row()).toEqual(before)
  })

  test('keeps nobody logged in who asks again and again until it is over (S20)', async () => {
    goBack(idle - 1)
    expect((await user.swap('/session', '/')).status).toBe(200)
    await expect.poll(async () => (await user.swap('/session', '/')).status, { timeout: 3000 }).toBe(204)
    expect((await user.fetch('/api/messages/protected')).status).toBe(401)
  })

  test('is answered by a warning once it is time, with a way to stay and a way out', async () => {
    const early = await user.swap('/session?returnTo=/admin', '/admin')
    expect([buttons(early), early.text.includes('<html')]).toEqual([[], false])
    goBack(idle - 119)
    const late = await user.swap('/session?returnTo=/admin', '/admin')
    expect([buttons(late), late.text.includes('<html')]).toEqual([['alert'], false])
    expect(textOf(late.text, 'p')).toMatch(/^Your session ends at \d\d:\d\d UTC\.$/)
    expect(elements(late.text, 'form').map((form) => attribute(form, 'action'))).toEqual([
      '/session',
      '/logout',
    ])
  })

  test('leads away from the page of a session that is over, and not to the provider (O07)', async () => {
    withFile((file) => file.exec('DELETE FROM session'))
    const answer = await user.swap('/session?returnTo=/profile', '/profile')
    expect([answer.status, answer.text]).toEqual([204, ''])
    const address = answer.headers.get('hx-redirect') ?? ''
    expect(address).toBe('/session?returnTo=%2Fprofile')
    const page = await user.open(address)
    expect([page.status, textOf(page.text, 'h1')]).toEqual([200, 'You are logged out'])
    expect(page.text).not.toContain('user@example.com')
    // Whoever finds this on an unattended screen must not be let in by the provider's own session.
    const login = elements(page.text, 'a').map((link) => attribute(link, 'href'))
    expect(login).toContain('/login?prompt=login&returnTo=%2Fprofile')
  })

  test.each(['https://evil.example/', '//evil.example', '/\\evil.example', '/logout', 'x'.repeat(3000)])(
    'never leads to %s (L20)',
    async (address) => {
      const page = await user.open(`/session?returnTo=${encodeURIComponent(address)}`)
      expect(refreshOf(page)?.address).toBe('/session?returnTo=%2F')
      expect(elements(page.text, 'a').map((link) => attribute(link, 'href'))).not.toContain(address)
      const posted = await user.post(page, '/session', new URLSearchParams({ returnTo: address }))
      expect(posted.url.href).toBe(`${stack.baseUrl}/`)
    },
  )
})

describe('a page', () => {
  test('for somebody who is logged in asks by itself two minutes before the end, with and without scripts', async () => {
    const page = await user.open('/profile?x=1')
    expect(refreshOf(page)?.address).toBe('/session?returnTo=%2Fprofile%3Fx%3D1')
    const seconds = refreshOf(page)?.seconds ?? 0
    expect(seconds).toBeGreaterThan(idle - 120 - 30)
    expect(seconds).toBeLessThanOrEqual(idle - 120)
    const watch = watchOf(page)
    expect(watch && attribute(watch, 'hx-trigger')).toBe(`every ${seconds}s`)
    expect(watch && attribute(watch, 'hx-get')).toBe('/session?returnTo=%2Fprofile%3Fx%3D1')
  })

  test('for nobody does not', async () => {
    const page = await new Browser(stack.baseUrl).open('/public')
    expect([refreshOf(page), watchOf(page)]).toEqual([undefined, undefined])
  })

  test('that is reached shortly before the end, which nothing can put off, has the warning at once', async () => {
    await using short = await startStack({ SESSION_ABSOLUTE_SECONDS: '90' })
    const browser = new Browser(short.baseUrl)
    const page = await browser.login('user@example.com')
    expect(buttons(page)).toEqual(['alert'])
    expect(page.text).toContain('No session lasts longer than that.')
    const links = elements(page.text, 'a').map((link) => attribute(link, 'href'))
    expect(links).toContain('/login?prompt=login&returnTo=%2Fprofile')
    expect(elements(page.text, 'form').map((form) => attribute(form, 'action'))).not.toContain('/session')
    expect(refreshOf(page)?.seconds).toBeLessThanOrEqual(90)
  })

  test('that says until when one is logged in says it for this very request', async () => {
    goBack(idle - 600)
    const page = await user.open('/profile')
    const times = elements(page.text, 'time').map((time) => Date.parse(attribute(time, 'datetime') ?? ''))
    expect(times[0]).toBe(Number(row()?.expires_at))
    expect(Math.abs((times[1] ?? 0) - Date.now() - absolute * 1000)).toBeLessThan(60_000)
  })
})

describe('staying', () => {
  beforeEach(() => goBack(idle - 60))

  test('by a form makes the session last its whole idle time again, and leads back', async () => {
    const page = await user.open('/session?returnTo=/admin')
    expect(textOf(page.text, 'h1')).toBe('Are you still there?')
    const back = await user.submit(page, { returnTo: '/admin' })
    expect(back.url.pathname).toBe('/admin')
    expect(secondsLeft()).toBeGreaterThan(idle - 30)
  })

  test('by htmx takes the warning away', async () => {
    await user.open('/session?returnTo=/admin')
    const headers = { 'sec-fetch-mode': 'cors', 'hx-request': 'true', 'hx-request-type': 'partial' }
    const answer = await user.sendForm('/session', { headers, fields: { returnTo: '/admin' } })
    expect([answer.status, buttons(answer)]).toEqual([200, []])
    const watch = watchOf(answer)
    expect(watch && attribute(watch, 'hx-get')).toBe('/session?returnTo=%2Fadmin')
    expect(secondsLeft()).toBeGreaterThan(idle - 30)
  })

  test.each(['cross-site', 'same-site', 'none'])('from %s is refused (C05, C06)', async (site) => {
    const headers = { 'sec-fetch-site': site }
    expect((await user.sendForm('/session', { headers })).status).toBe(403)
    expect(secondsLeft()).toBeLessThan(61)
  })

  test('in a session that is over leads to login, and back to the page', async () => {
    const page = await user.open('/session?returnTo=/admin')
    withFile((file) => file.exec('DELETE FROM session'))
    const answer = await user.sendForm('/session', { fields: { returnTo: '/admin' } })
    expect(page.status).toBe(200)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login?returnTo=%2Fadmin'])
  })

  test('takes GET and POST only', async () => {
    const answer = await new Browser(stack.baseUrl).request('/session', {
      method: 'DELETE',
      headers: formHeaders(stack.baseUrl),
    })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  })
})

test('while the storage cannot be read it is 503, and the page stays as it is', async () => {
  const file = stack.sessionsFile()
  file.exec('ALTER TABLE session RENAME TO away')
  const answer = await user.swap('/session', '/profile')
  file.exec('ALTER TABLE away RENAME TO session')
  file.close()
  expect([answer.status, answer.headers.get('hx-redirect')]).toEqual([503, null])
  const watch = watchOf(await user.open('/profile'))
  expect(watch && attribute(watch, 'hx-status:5xx')).toBe('swap:none')
})
