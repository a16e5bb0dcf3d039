import { describe, expect, test } from 'vitest'
import { openMemoryStorage } from '../bff/session/memory-storage.ts'
import { createSessions } from '../bff/session/sessions.ts'
import type { SessionStorage } from '../bff/session/storage.ts'
import { newTicket } from '../bff/session/ticket.ts'
import { createLog } from '../shared/log.ts'
import { Browser } from './support/browser.ts'
import { profile, startGateway, startOpenidProvider } from './support/openid-provider.ts'
import { withGateway } from './support/other-gateway.ts'
import { Program } from './support/program.ts'
import { type Stack, startStack } from './support/stack.ts'

const oldSecret = 'old-secret-of-32-characters-or-more'
const newSecret = 'new-secret-of-32-characters-or-more'
const api = async (browser: Browser) => (await browser.fetch('/api/messages/protected')).status

async function visitors(stack: Stack, count: number): Promise<Browser[]> {
  const all = Array.from({ length: count }, () => new Browser(stack.baseUrl))
  await Promise.all(
    all.map((each, index) => each.login(index % 2 ? 'user@example.com' : 'admin@example.com')),
  )
  return all
}

/** Requests of everybody, one after the other for each, until it is over; what was answered. */
async function ask(all: readonly Browser[], isOver: () => boolean): Promise<(number | 'none')[]> {
  const answers: (number | 'none')[] = []
  const paths = ['/api/messages/protected', '/profile', '/']
  const one = async (browser: Browser) => {
    for (let count = 0; !isOver(); count += 1) {
      const page = await browser.fetch(paths[count % paths.length] ?? '/').catch(() => undefined)
      answers.push(page?.status ?? 'none')
      // Nobody listens between two gateways: that is the change, and no answer.
      if (!page) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  await Promise.all(all.map(one))
  return answers
}

// Each starts the gateway three times.
describe('a gateway that is replaced under load by one with a new secret in front of the old one', {
  timeout: 120_000,
}, () => {
  test('logs nobody out, and whoever came by no longer needs the old one (S21, F40)', async () => {
    await using stack = await startStack({ SESSION_SECRET: oldSecret })
    const [busy, away] = [await visitors(stack, 6), await visitors(stack, 3)]
    const everybody = [...busy, ...away]
    let isOver = false
    const load = ask(busy, () => isOver)
    await stack.bff.stop()
    await withGateway(stack, { SESSION_SECRET: `${newSecret},${oldSecret}` }, async () => {
      // Each of them came by, whatever the load has done meanwhile.
      expect(new Set(await Promise.all(busy.map(api)))).toEqual(new Set([200]))
    })
    isOver = true
    expect((await load).filter((answer) => answer !== 200 && answer !== 'none')).toEqual([])

    await withGateway(stack, { SESSION_SECRET: newSecret }, async (gateway) => {
      const start = await Promise.all(everybody.map((each) => each.open('/')))
      expect(start.map(({ status }) => status)).toEqual(everybody.map(() => 200))
      // The old secret is gone, and with it what was never used under both: no attack, and no error.
      expect(await Promise.all(away.map(api))).toEqual(away.map(() => 401))
      expect(gateway.log.filter(({ level }) => level !== 'info')).toEqual([])
      const [first] = away
      expect((await first?.login('user@example.com'))?.status).toBe(200)
      expect(await Promise.all(busy.map(api))).toEqual(busy.map(() => 200))
    })
  })

  test('ends by a logout at the provider whoever came by, under the new one alone (S21, B02)', async () => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider, { SESSION_SECRET: oldSecret })
    const browser = await gateway.login()
    await gateway.program.stop()
    for (const [secrets, work] of [
      [`${newSecret},${oldSecret}`, async () => expect(await profile(browser)).toBe(200)],
      [newSecret, async () => expect((await gateway.logOut(provider.logoutToken())).status).toBe(200)],
    ] as const) {
      const next = new Program('bff/main.ts', { ...gateway.environment, SESSION_SECRET: secrets })
      await next.start()
      try {
        await work()
        if (secrets === newSecret) expect(await profile(browser)).toBe(401)
      } finally {
        await next.stop()
      }
    }
  })
})

test('a session that moves to the new secret while it is looked for is found (S21)', async () => {
  const log = await createLog('test', 'silent')
  const storage = openMemoryStorage()
  const unused = () => Promise.reject(new Error('nothing to ask'))
  const sessionsOn = (place: SessionStorage, ...secrets: string[]) =>
    createSessions({
      storage: place,
      secrets,
      issuer: 'https://issuer.example/',
      clientId: 'client',
      idleSeconds: 1000,
      absoluteSeconds: 1000,
      provider: { refresh: unused, revoke: unused, endSessionEndpoint: unused },
      log,
    })
  const ticket = newTicket()
  await sessionsOn(storage, oldSecret).begin(ticket, { sub: 'user' }, { accessToken: 'access' }, 'browser')
  // Between the looks under the one name and under the other its visitor comes by.
  const finding: SessionStorage['find'] = async (index) => {
    const found = await storage.find(index)
    await sessionsOn(storage, newSecret, oldSecret).find(ticket)
    return found
  }
  const provider = sessionsOn({ ...storage, find: finding }, newSecret, oldSecret)
  expect(await provider.endListed({ sub: 'user' })).toBe(1)
  expect(await sessionsOn(storage, newSecret).find(ticket)).toBeUndefined()
  await storage.close()
})
