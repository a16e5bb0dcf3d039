import { expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { scrape } from './support/metrics.ts'
import { freePorts } from './support/ports.ts'
import { search } from './support/proof/matcher.ts'
import type { Needle } from './support/proof/seen.ts'
import { worker } from './support/proof/worker.ts'
import { startStack } from './support/stack.ts'

test('no metric has a token, a person, a session, an address or a program of a visitor’s in it (I06)', async () => {
  const ports = (await freePorts(2)).map(String)
  const [bff = '', api = ''] = ports
  await using stack = await startStack({
    BFF_METRICS_PORT: bff,
    API_METRICS_PORT: api,
    TENANT_ACCESS_TOKEN_SECONDS: '2',
    TRUST_PROXY: '127.0.0.1,::1',
  })
  const needles: Needle[] = []
  const remember = (kind: string, value = '') => needles.push({ kind, value })
  const own = { 'x-forwarded-for': '203.0.113.77', 'user-agent': 'the-browser-of-a-visitor' }
  for (const email of ['admin@example.com', 'user@example.com']) {
    const browser = new Browser(stack.baseUrl, own)
    await browser.login(email)
    remember('ticket', await browser.ticket())
    for (const path of ['/', '/admin', '/sessions', '/nothing-here?q=in-the-query', '/public']) {
      await browser.open(path)
    }
    const before = stack.refreshes()
    while (stack.refreshes() === before) await browser.fetch('/api/messages/protected')
    await browser.fetch('/api/messages/admin')
    await fetch(`${stack.apiUrl}/api/messages/admin`, {
      headers: { authorization: 'Bearer a.token.of-nobody' },
    })
    await browser.open('/callback?code=a-code-of-nobody&state=x')
    remember('form token', browser.formToken)
    await browser.open('/')
    await browser.sendForm('/logout')
    remember('email', email)
  }
  for (const { sub } of stack.bff.log.filter(({ msg }) => msg === 'logged in')) remember('sub', String(sub))
  for (const { requestId, traceId } of stack.bff.log.filter(({ msg }) => msg === 'request')) {
    remember('request id', String(requestId))
    remember('trace id', String(traceId))
  }
  remember('path', 'nothing-here')
  remember('query', 'in-the-query')
  remember('address', own['x-forwarded-for'])
  remember('program', own['user-agent'])
  needles.push(...stack.issuedTokens())

  const texts = [(await scrape(stack.bff, bff)).text, (await scrape(stack.api, api)).text]
  expect(new Set(needles.map(({ kind }) => kind)).size).toBeGreaterThan(12)
  const seen = texts.map((text) => ({ where: 'metrics', text }))
  expect(search(seen, needles)).toEqual([])
  for (const { kind, value } of needles) {
    expect([kind, texts.some((text) => text.includes(value))]).toEqual([kind, false])
  }
  // And for whatever else the tests know of.
  worker.alsoSeen(seen)
  for (const text of texts) expect(text).not.toMatch(/127\.0\.0|::1|localhost|@/)
})
