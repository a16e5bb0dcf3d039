import type { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newTicket } from '../bff/session/ticket.ts'
import { attribute, Browser, elements, formHeaders, type Page, textIn, textOf } from './support/browser.ts'
import { formTokenFor } from './support/form-token.ts'
import { type Stack, startStack } from './support/stack.ts'

const agents = {
  windows:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  mac: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0',
  hostile: '<script>alert(1)</script>" onload="x',
}

let stack: Stack
let mine: Browser
let other: Browser
beforeAll(async () => {
  stack = await startStack()
})
/** Nobody is logged in but these two, who are one user. */
beforeEach(async () => {
  withFile((file) => file.exec('DELETE FROM session'))
  mine = await loggedIn(agents.windows)
  other = await loggedIn(agents.mac)
})
afterAll(() => stack[Symbol.asyncDispose]())

/** A browser that says so at every request, and in which somebody has just logged in. */
async function loggedIn(userAgent: string, email = 'user@example.com'): Promise<Browser> {
  const browser = new Browser(stack.baseUrl, { 'user-agent': userAgent })
  await browser.login(email)
  return browser
}

function withFile<Result>(work: (file: DatabaseSync) => Result): Result {
  using file = stack.sessionsFile()
  return work(file)
}

const api = async (browser: Browser) => (await browser.fetch('/api/messages/protected')).status
const listed = (page: Page) =>
  elements(page.text, 'li').filter((element) => attribute(element, 'class') === 'session')
const texts = (page: Page) => listed(page).map(textIn)
/** What the buttons of the page send, from top to bottom. */
const endings = (page: Page) =>
  elements(page.text, 'button').flatMap((each) =>
    attribute(each, 'name') === 'session' ? [attribute(each, 'value') ?? ''] : [],
  )
const end = (browser: Browser, page: Page, session: string) =>
  browser.post(page, '/sessions/end', new URLSearchParams({ session }))

describe('the list of a user’s sessions', () => {
  test('shows each with its browser and system, and marks this one, which is first', async () => {
    const page = await mine.open('/sessions')
    expect([page.status, textOf(page.text, 'h1'), textOf(page.text, 'h2')]).toEqual([
      200,
      'Your Sessions',
      '2 sessions',
    ])
    expect(texts(page)).toEqual([
      'Chrome on Windows Logged in just now, last seen just now This browser',
      'Firefox on macOS Logged in just now, last seen just now End',
    ])
    expect(texts(await other.open('/sessions'))[0]).toMatch(/^Firefox on macOS .* This browser$/)
  })

  test('says when each was begun and seen', async () => {
    const hour = 3_600_000
    withFile((file) => file.exec(`UPDATE session SET seen_at = seen_at - ${hour}`))
    // Whoever asks was seen now.
    expect(texts(await mine.open('/sessions'))).toEqual([
      'Chrome on Windows Logged in just now, last seen just now This browser',
      'Firefox on macOS Logged in just now, last seen 1 hour ago End',
    ])
  })

  test('is in the order in which they were seen', async () => {
    await loggedIn(agents.hostile)
    withFile((file) => {
      const keys = file.prepare('SELECT key FROM session ORDER BY seen_at').all()
      keys.forEach(({ key }, index) => {
        file
          .prepare('UPDATE session SET seen_at = seen_at - ? WHERE key = ?')
          .run((index + 1) * 7_200_000, String(key))
      })
    })
    const ages = texts(await mine.open('/sessions')).map((text) => /seen (.*ago|just now)/.exec(text)?.[1])
    expect(ages).toEqual(['just now', '4 hours ago', '6 hours ago'])
  })

  test('shows what a browser said about itself as text, and where it said nothing usable, that', async () => {
    await loggedIn(agents.hostile)
    const page = await mine.open('/sessions')
    expect(texts(page).filter((text) => text.startsWith('Unknown browser'))).toHaveLength(1)
    expect(page.text).not.toContain('alert(1)')
  })

  test('shows nobody else’s', async () => {
    const admin = await loggedIn(agents.mac, 'admin@example.com')
    expect(texts(await admin.open('/sessions'))).toHaveLength(1)
    expect(texts(await mine.open('/sessions'))).toHaveLength(2)
  })

  test('hides none that cannot be read any more', async () => {
    withFile((file) => file.exec(`UPDATE session SET about = zeroblob(100)`))
    expect(texts(await mine.open('/sessions'))).toEqual([
      'Unknown browser Last seen just now This browser',
      'Unknown browser Last seen just now End',
    ])
  })

  test('offers to end all others only when there are others', async () => {
    expect(endings(await mine.open('/sessions'))[0]).toBe('others')
    await other.post(await other.open('/'), '/logout')
    const page = await mine.open('/sessions')
    expect([textOf(page.text, 'h2'), endings(page)]).toEqual(['One session', []])
  })

  test('is linked from the profile, and for nobody who is not logged in', async () => {
    const links = elements((await mine.open('/profile')).text, 'a').map((link) => attribute(link, 'href'))
    expect(links).toContain('/sessions')
    const anonymous = new Browser(stack.baseUrl)
    const page = await anonymous.request('/sessions', { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login?returnTo=%2Fsessions'])
  })

  test('holds no ticket, of no session (S22)', async () => {
    const page = await mine.open('/sessions')
    for (const browser of [mine, other]) expect(page.text).not.toContain(await browser.ticket())
  })
})

describe('ending', () => {
  test('one ends it at once, and leads back to the list without it', async () => {
    const page = await mine.open('/sessions')
    const after = await end(mine, page, endings(page)[1] ?? '')
    expect([after.url.pathname, after.status, texts(after).length]).toEqual(['/sessions', 200, 1])
    expect([await api(mine), await api(other)]).toEqual([200, 401])
    const old = await other.request('/profile', { headers: { accept: 'text/html' } })
    expect([old.status, old.headers.get('location')]).toEqual([303, '/login?returnTo=%2Fprofile'])
  })

  test('all others leaves this one, and those of other users', async () => {
    const third = await loggedIn(agents.hostile)
    const admin = await loggedIn(agents.mac, 'admin@example.com')
    const ticket = await mine.ticket()
    const after = await end(mine, await mine.open('/sessions'), 'others')
    expect(texts(after)).toHaveLength(1)
    // Not a new one, which the provider gives to a browser that it knows.
    expect(await mine.ticket()).toBe(ticket)
    expect(await Promise.all([mine, other, third, admin].map(api))).toEqual([200, 401, 401, 200])
  })

  test('one while it makes a request does not let that bring it back (S07)', async () => {
    const page = await mine.open('/sessions')
    const [, key = ''] = endings(page)
    await Promise.all([end(mine, page, key), ...Array.from({ length: 10 }, () => api(other))])
    expect(await api(other)).toBe(401)
  })

  test('the same one twice is no error', async () => {
    const page = await mine.open('/sessions')
    const [, key = ''] = endings(page)
    for (const after of [await end(mine, page, key), await end(mine, page, key)]) {
      expect([after.status, texts(after).length]).toEqual([200, 1])
    }
  })

  test('gives the refresh token of what was ended back when its ticket comes again', async () => {
    const revoked = () => stack.tenant.log.filter(({ msg }) => msg === 'grant revoked').length
    const before = revoked()
    await end(mine, await mine.open('/sessions'), 'others')
    await api(other)
    await expect.poll(revoked).toBe(before + 1)
  })

  test('somebody else’s session does nothing, and does not say whether there is one', async () => {
    const admin = await loggedIn(agents.mac, 'admin@example.com')
    const foreign = withFile((file) =>
      file
        .prepare('SELECT key FROM session ORDER BY seen_at DESC')
        .all()
        .map(({ key }) => String(key)),
    )
    const own = endings(await mine.open('/sessions'))
    const answers = []
    for (const key of [...foreign.filter((each) => !own.includes(each)), 'nothing', newTicket()]) {
      const after = await end(mine, await mine.open('/sessions'), key)
      answers.push([after.status, texts(after).length])
    }
    // The admin's, this one, and two that do not exist.
    expect(answers).toEqual(Array(4).fill([200, 2]))
    expect(await Promise.all([mine, other, admin].map(api))).toEqual([200, 200, 200])
  })

  test.each([
    ['nothing', ''],
    ['two', 'session=a&session=b'],
    ['a list', 'session[]=others'],
    ['an object', 'session[key]=others'],
    ['many fields', 'a=1&b=2&c=3&d=4&e=5&session=others'],
    ['a long one', `session=others&x=${'x'.repeat(10_000)}`],
  ])('with %s ends nothing', async (_what, body) => {
    const token = formTokenFor(stack, (await mine.ticket()) ?? '')
    const answer = await mine.sendForm('/sessions/end', { body: `token=${token}&${body}` })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect([await api(mine), await api(other)]).toEqual([200, 200])
  })

  test.each(['cross-site', 'same-site', 'none'])('from %s ends nothing (C05, C06)', async (site) => {
    const headers = { 'sec-fetch-site': site }
    const answer = await mine.sendForm('/sessions/end', { headers, fields: { session: 'others' } })
    expect(answer.status).toBe(403)
    expect(await api(other)).toBe(200)
  })

  test.each(['GET', 'HEAD', 'PUT', 'DELETE'])('takes no %s', async (method) => {
    const answer = await new Browser(stack.baseUrl).request('/sessions/end?session=others', {
      method,
      headers: formHeaders(stack.baseUrl),
    })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await api(other)).toBe(200)
  })

  test('by somebody whose own session is over ends nothing, and leads over login to the list', async () => {
    const page = await mine.open('/sessions')
    await end(other, await other.open('/sessions'), 'others')
    const answer = await mine.sendForm('/sessions/end', { fields: { session: endings(page)[1] ?? '' } })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login?returnTo=%2Fsessions'])
    expect(await api(other)).toBe(200)
  })
})

test('while the storage cannot be read, list and ending are 503, and nothing is ended', async () => {
  const page = await mine.open('/sessions')
  const file = stack.sessionsFile()
  file.exec('ALTER TABLE session RENAME TO away')
  expect((await mine.open('/sessions')).status).toBe(503)
  expect((await end(mine, page, 'others')).status).toBe(503)
  file.exec('ALTER TABLE away RENAME TO session')
  file.close()
  expect([await api(mine), await api(other)]).toEqual([200, 200])
})
