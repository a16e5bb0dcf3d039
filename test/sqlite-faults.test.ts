import { chmodSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser, type Page } from './support/browser.ts'
import { allowWrites, forbidWrites, hasLimits, SmallDisk } from './support/disk.ts'
import { runToEnd } from './support/program.ts'
import { type Stack, startStack } from './support/stack.ts'

/** Of the files that the gateway makes; the first page says what is in the others. */
const pageSize = 8192

/** The whole stack on a file whose disk is full, takes no writes, or gives back other bytes than it was given. */
const disk = SmallDisk.mount()
if (!disk) process.stderr.write('A disk that is full can only be tried where one may be mounted (skipped)\n')
if (!hasLimits) process.stderr.write('A disk that takes no writes can only be tried with prlimit (skipped)\n')

const folders: string[] = []
function newFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'cloakroom-'))
  folders.push(made)
  return made
}

const location = (folder: string) => ({ SESSION_STORE: `sqlite:${join(folder, 'sessions.db')}` })
const api = async (browser: Browser, name = 'protected') =>
  (await browser.fetch(`/api/messages/${name}`)).status

function expectOutage(page: Page): void {
  expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5'])
  expect(page.headers.get('cache-control')).toBe('no-store')
  expect(page.text).not.toMatch(/sqlite|session storage|database|disk|malformed|at \w+ \(/i)
}

/** Nobody waits for more than a second. */
async function within<Result>(work: Promise<Result>): Promise<Result> {
  const start = performance.now()
  const result = await work
  expect(performance.now() - start).toBeLessThan(5000)
  return result
}

let folder: string
let stack: Stack
let user: Browser
let anonymous: Browser

afterAll(() => {
  disk?.[Symbol.dispose]()
  for (const each of folders) rmSync(each, { recursive: true, force: true })
})

async function start(where: string, settings = {}): Promise<void> {
  folder = where
  stack = await startStack({ ...location(where), ...settings })
}

async function logIn(): Promise<void> {
  user = new Browser(stack.baseUrl)
  anonymous = new Browser(stack.baseUrl)
  await user.login('user@example.com')
}

/** Nothing has to be started again, and nobody has lost anything. */
async function expectAllIsWell(): Promise<void> {
  expect((await user.fetch('/readyz')).text).toBe('{"status":"ok"}')
  expect(await api(user)).toBe(200)
  expect((await user.open('/profile')).text).toContain('user@example.com')
  expect((await anonymous.login('admin@example.com')).status).toBe(200)
  await user.post(await user.open('/'), '/logout')
  expect(await api(user)).toBe(401)
  expect(stack.bff.log.filter(({ level }) => level === 'fatal')).toEqual([])
}

async function expectPublicPartsWork(): Promise<void> {
  for (const path of ['/', '/public', '/api/messages/public', '/livez']) {
    expect([path, (await within(anonymous.fetch(path))).status]).toEqual([path, 200])
  }
  expect(await within(api(anonymous))).toBe(401)
}

async function expectNoLoginAndNoLogout(): Promise<void> {
  const page = await anonymous.login('admin@example.com')
  expect(page.url.pathname).toBe('/callback')
  expectOutage(page)
  expect(await anonymous.ticket()).toBeUndefined()

  const ticket = await user.ticket()
  expectOutage(await within(user.sendForm('/logout')))
  expect(await user.ticket()).toBe(ticket)
}

async function during(fault: Fault, work: () => Promise<void>): Promise<void> {
  fault.begin()
  try {
    await work()
  } finally {
    fault.end()
  }
}

interface Fault {
  readonly begin: () => void
  readonly end: () => void
}

const full: Fault = { begin: () => disk?.fill(), end: () => disk?.empty() }
const readOnly: Fault = {
  begin: () => forbidWrites(stack.bff.pid),
  end: () => allowWrites(stack.bff.pid),
}

describe.each([
  ['is full', full, () => disk?.folder],
  ['takes no writes any more', readOnly, () => (hasLimits ? newFolder() : undefined)],
])('while the disk of the sessions %s (F19)', (_what, fault, place) => {
  const where = place()
  const options = { skip: where === undefined, timeout: 60_000 }
  afterEach(() => stack[Symbol.asyncDispose]())

  test('who is logged in goes on, and logging in and out is 503', options, async () => {
    await start(where ?? '')
    await logIn()
    await during(fault, async () => {
      await expectPublicPartsWork()
      expect(await within(api(user))).toBe(200)
      expect((await within(user.open('/profile'))).status).toBe(200)
      await expectNoLoginAndNoLogout()
      // What the log says is what the disk said, not what came of it.
      expect(JSON.stringify(stack.bff.log)).not.toContain('no transaction is active')
      // As long as it can be read there is something that a visitor can be sent here for.
      expect((await within(user.fetch('/readyz'))).status).toBe(200)
    })
    await expectAllIsWell()
  })

  test('an access token that is due is 503, and not refreshed: it would be lost', options, async () => {
    await start(where ?? '', { TENANT_ACCESS_TOKEN_SECONDS: '1' })
    await logIn()
    await wait(1100)
    await during(fault, async () => {
      expectOutage(await within(user.fetch('/api/messages/protected')))
      expectOutage(await within(user.open('/protected')))
      expect(stack.refreshes()).toBe(0)
    })
    await expectAllIsWell()
  })
})

describe('while the file of the sessions', () => {
  beforeAll(() => start(newFolder()))
  afterAll(() => stack[Symbol.asyncDispose]())
  beforeEach(logIn)
  afterEach(expectAllIsWell)

  test.each([
    ['has other bytes in its middle', (file: Buffer) => file.fill('Z', pageSize)],
    ['begins with other bytes', (file: Buffer) => file.fill('Z', 0, 100)],
    ['is cut off behind its first page', (file: Buffer) => file.subarray(0, pageSize)],
  ])('%s, what needs a session is 503, and nobody is logged out (F19)', async (_what, damage) => {
    const path = join(folder, 'sessions.db')
    const other = new DatabaseSync(path)
    // Everything into the file itself, nothing left in its journal.
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const good = readFileSync(path)
    /** The gateway reads a page again once somebody else has written. */
    const change = (bytes: Uint8Array) => {
      other.exec(`BEGIN IMMEDIATE; INSERT INTO lease VALUES ('name', 'owner', 0); DELETE FROM lease`)
      writeFileSync(path, bytes)
      other.exec('COMMIT')
    }
    await during({ begin: () => change(damage(Buffer.from(good))), end: () => change(good) }, async () => {
      await expectPublicPartsWork()
      expectOutage(await within(user.fetch('/api/messages/protected')))
      expectOutage(await within(user.open('/profile')))
      expectOutage(await within(user.swap('/protected')))
      await expectNoLoginAndNoLogout()
      const ready = await within(user.fetch('/readyz'))
      expect([ready.status, ready.text]).toEqual([
        503,
        '{"status":"unavailable","failed":["session storage"]}',
      ])
    })
    other.close()
  })
})

describe('a gateway that is started', () => {
  let file: Buffer
  let path: string
  beforeAll(() => start(newFolder()))
  afterAll(() => stack[Symbol.asyncDispose]())
  beforeEach(async () => {
    await logIn()
    await stack.bff.stop()
    path = join(folder, 'sessions.db')
    file = readFileSync(path)
  })
  afterEach(expectAllIsWell)

  async function expectRefusal(settings: Readonly<Record<string, string>>, reason: RegExp): Promise<void> {
    const { code, stdout, stderr } = await runToEnd('bff/main.ts', { ...stack.environment, ...settings })
    expect(code).toBe(78)
    expect(stderr).toContain('SESSION_STORE cannot be used: ')
    expect(stderr).toMatch(reason)
    expect(stderr + stdout).not.toMatch(/\bat \S+:\d+/)
  }

  test.each([
    ['begins with other bytes', () => file.fill('Z', 0, 100), /file is not a database/],
    ['is cut off behind its first page', () => file.subarray(0, 4096), /malformed/],
    ['is cut off in its first page', () => file.subarray(0, 50), /malformed/],
  ])(
    'on a file that %s says so and ends, and serves when the file is back (F19)',
    async (_what, damage, reason) => {
      const good = Buffer.from(file)
      writeFileSync(path, damage())
      await expectRefusal({}, reason)
      writeFileSync(path, good)
      await stack.bff.start()
    },
  )

  test('on a file with other bytes in its middle serves what needs no session, and is not ready (F19)', async () => {
    const good = Buffer.from(file)
    writeFileSync(path, file.fill('Z', pageSize))
    await stack.bff.start()
    await expectPublicPartsWork()
    expectOutage(await user.open('/profile'))
    expect((await user.fetch('/readyz')).status).toBe(503)
    expect(await stack.bff.stop()).toBe(0)
    writeFileSync(path, good)
    await stack.bff.start()
  })

  test('on a file with nothing in it costs a login, and no error page (F19)', async () => {
    truncateSync(path)
    await stack.bff.start()
    expect(await api(user)).toBe(401)
    expect((await user.open('/')).status).toBe(200)
    expect((await user.login('user@example.com')).status).toBe(200)
  })

  // Root may write wherever the mode forbids it, but not where the disk does.
  const isRoot = process.getuid?.() === 0
  test.skipIf(isRoot && !disk)('on a disk for reading only says so and ends (F19)', async () => {
    const place = isRoot && disk ? disk.folder : newFolder()
    writeFileSync(join(place, 'sessions.db'), file)
    if (isRoot) disk?.makeReadOnly()
    else chmodSync(place, 0o500)
    await expectRefusal(location(place), /read-?only|unable to open/i)
    if (!isRoot) chmodSync(place, 0o700)
    await stack.bff.start()
  })
})
