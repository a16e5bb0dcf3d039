import { expect, test } from 'vitest'
import { openStorage } from '../../bff/session/open-storage.ts'
import { newTicket } from '../../bff/session/ticket.ts'
import { createLog } from '../../shared/log.ts'
import type { Browser } from '../support/browser.ts'
import { atOnce, claimsOf, figure, grouped, megabytesInUse, sessionsOn, tokens } from '../support/crowd.ts'
import { type Gateway, startGateway, startOpenidProvider } from '../support/openid-provider.ts'

/** A gateway that weighs itself, without its garbage, at a signal. */
const scales = () => {
  const code = `
    import { setFlagsFromString } from 'node:v8'
    import { runInNewContext } from 'node:vm'
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc')
    let weighings = 0
    process.on('SIGUSR2', () => {
      collectGarbage()
      collectGarbage()
      const { heapUsed, external, rss } = process.memoryUsage()
      weighings += 1
      console.log(JSON.stringify({ weighings, used: (heapUsed + external) / 1e6, rss: rss / 1e6 }))
    })`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}

async function weigh({ program }: Gateway, weighing: number): Promise<{ used: number; rss: number }> {
  program.signal('SIGUSR2')
  const { used, rss } = await program.line(({ weighings }) => weighings === weighing)
  return { used: Number(used), rss: Number(rss) }
}

const strangers = 5000
const visitors = 500
const rounds = 4

test('a gateway keeps nothing of visitors who have gone, nor of tickets that nobody has (F29)', async () => {
  await using provider = await startOpenidProvider()
  // Each visitor who comes back has the grant refreshed. The provider is no API: it answers 404 to what comes then.
  provider.accessTokenSeconds = 1
  const settings = { API_SERVER_URL: new URL(provider.url).origin, LOG_LEVEL: 'silent', LOGIN_RATE: '999999' }
  await using gateway = await startGateway(provider, { ...settings, ...scales() })
  const name = `ticket-${gateway.environment.BFF_PORT}`
  const ask = async (cookie: string) => {
    const answer = await fetch(`${gateway.url}/api/messages/protected`, { headers: { cookie } })
    await answer.text()
    return answer.status
  }
  const statuses = new Map<number, number>()
  const count = (status: number) => statuses.set(status, (statuses.get(status) ?? 0) + 1)
  const weights: { used: number; rss: number }[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const tickets = Array.from({ length: strangers }, newTicket)
    await atOnce(tickets, async (ticket) => count(await ask(`${name}=${ticket}`)), 20)
    const browsers: Browser[] = []
    await atOnce(Array(visitors).fill('/livez'), async (path) => browsers.push(await gateway.login(path)), 20)
    await atOnce(
      browsers,
      async (browser) => count(await ask(await browser.jar.getCookieString(gateway.url))),
      20,
    )
    weights.push(await weigh(gateway, round))
  }
  const told = (kind: 'used' | 'rss') => weights.map((weight) => weight[kind].toFixed(1)).join(', ')
  figure(
    `a gateway after each ${grouped(strangers)} unknown tickets and ${visitors} logins`,
    `${told('used')} MB used`,
  )
  figure('the process', `${told('rss')} MB`)
  expect(statuses.get(401)).toBe(strangers * rounds)
  // What stands in the place of the API has no such route, and says so in no JSON.
  expect(statuses.get(502)).toBe(visitors * rounds)
  const [first, last] = [weights[0], weights.at(-1)]
  // The first round has loaded and compiled everything. What is left of 1,500 logins would be seen.
  expect((last?.used ?? Number.NaN) - (first?.used ?? 0)).toBeLessThan(4)
  expect((last?.rss ?? Number.NaN) - (first?.rss ?? 0)).toBeLessThan(100)
})

test('sessions that were refreshed and ended leave nothing behind, nor do refreshes that failed (F29)', async () => {
  const storage = await openStorage('memory:', await createLog('test', 'silent'))
  let works = true
  const sessions = sessionsOn(storage, {
    refresh: async () => {
      if (!works) throw new Error('The provider is down')
      return tokens()
    },
    revoke: async () => {},
  })
  const comeAndGo = async (count: number) => {
    await atOnce(
      Array.from({ length: count }, newTicket),
      async (ticket, number) => {
        await sessions.begin(ticket, claimsOf(number), tokens(Date.now()), 'browser')
        const visitor = await sessions.find(ticket)
        works = number % 2 === 0
        const answers = await Promise.allSettled([visitor?.accessToken(), visitor?.accessToken()])
        expect(answers.map(({ status }) => status)).toEqual(Array(2).fill(works ? 'fulfilled' : 'rejected'))
        await sessions.end(ticket)
      },
      1,
    )
  }
  await comeAndGo(500)
  const before = await megabytesInUse()
  await comeAndGo(10_000)
  const left = (await megabytesInUse()) - before
  await storage.close()
  figure('a process', `${left.toFixed(1)} MB more after 10,000 sessions that were refreshed and ended`)
  expect(left).toBeLessThan(5)
})
