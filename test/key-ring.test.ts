import { describe, expect, test } from 'vitest'
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
