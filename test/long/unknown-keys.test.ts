import { expect, test } from 'vitest'
import { figure } from '../support/crowd.ts'
import { newKey, startApi, startIssuer } from '../support/issuer.ts'

test('200 tokens a second of unknown keys for ten seconds fetch the keys once more at most, and harm nobody', async () => {
  await using issuer = await startIssuer()
  await using api = await startApi(issuer.url, { LOG_LEVEL: 'error', API_RATE: '999999' })
  const good = await issuer.token()
  expect(await api.statusOf(good)).toBe(200)
  const unknown = await newKey('unknown')
  const tokens = await Promise.all(
    Array.from({ length: 2000 }, (_, number) => issuer.token({}, { kid: `unknown-${number}` }, unknown)),
  )
  const startedAt = performance.now()
  const seconds = () => (performance.now() - startedAt) / 1000
  const floods: Promise<number>[] = []
  const waits: number[] = []
  const statuses = new Set<number>()
  while (floods.length < tokens.length) {
    const due = Math.min(tokens.length, Math.floor(seconds() * 200) + 1)
    for (const token of tokens.slice(floods.length, due)) floods.push(api.statusOf(token))
    const askedAt = performance.now()
    statuses.add(await api.statusOf(good))
    waits.push(performance.now() - askedAt)
  }
  expect(new Set(await Promise.all(floods))).toEqual(new Set([401]))
  expect(statuses).toEqual(new Set([200]))
  expect(issuer.keyFetches).toBeLessThanOrEqual(1 + Math.ceil(seconds() / 30))
  const sorted = waits.toSorted((a, b) => a - b)
  const middle = sorted[sorted.length >> 1] ?? 0
  figure(
    '2,000 tokens of unknown keys',
    `${issuer.keyFetches - 1} more fetches; a known one beside them takes ${middle.toFixed(1)} ms`,
  )
})
