import { expect, test } from 'vitest'
import { jumpingClock, movedClock, newKey, startApi, startIssuer } from './support/issuer.ts'

/** Resolves with the first status that is another. */
async function untilNot(status: number, ask: () => Promise<number>): Promise<number> {
  for (;;) {
    const got = await ask()
    if (got !== status) return got
  }
}

test('a token that was taken before is not taken after its end (J35)', async () => {
  await using issuer = await startIssuer()
  await using api = await startApi(issuer.url, movedClock(60, 120))
  const token = await issuer.token({ exp: Math.floor(Date.now() / 1000) + 100 })
  expect([await api.statusOf(token), await api.statusOf(token)]).toEqual([200, 200])
  await api.later()
  expect(await api.statusOf(token)).toBe(200)
  await api.later()
  expect(await api.statusOf(token)).toBe(401)
})

test('a token that was taken before does not lend its name to another', async () => {
  await using issuer = await startIssuer()
  await using api = await startApi(issuer.url)
  const token = await issuer.token({ permissions: ['read:admin-messages'] })
  const other = await issuer.token({ permissions: [], sub: 'auth0|other' })
  const [header, payload, signature] = token.split('.')
  const [, otherPayload, otherSignature] = other.split('.')
  for (let times = 0; times < 2; times += 1) {
    expect(await api.statusOf(token, 'admin')).toBe(200)
    expect(await api.statusOf(other, 'admin')).toBe(403)
    for (const mixed of [
      `${header}.${payload}.${otherSignature}`,
      `${header}.${otherPayload}.${signature}`,
      `${header}.${payload}.`,
      `${token}x`,
      token.toUpperCase(),
    ])
      expect(await api.statusOf(mixed, 'admin')).toBe(401)
  }
})

test('a token that was taken before goes with its key, half a minute after the issuer has removed it (W01)', async () => {
  await using issuer = await startIssuer()
  await using api = await startApi(issuer.url, jumpingClock(31))
  const second = await newKey('second')
  issuer.keys = [issuer.key.jwk, second.jwk]
  const [old, young] = [await issuer.token(), await issuer.token({}, {}, second)]
  expect([await api.statusOf(old), await api.statusOf(young)]).toEqual([200, 200])
  issuer.keys = [second.jwk]
  expect(await api.statusOf(old)).toBe(200)
  expect(issuer.keyFetches).toBe(1)
  await api.later()
  // The first one that comes does not wait for the keys that it has fetched.
  expect(await untilNot(200, () => api.statusOf(old))).toBe(401)
  expect(await api.statusOf(young)).toBe(200)
  expect(issuer.keyFetches).toBe(2)
})

test('a token that was taken before goes with a key whose name another has got (W01)', async () => {
  await using issuer = await startIssuer()
  await using api = await startApi(issuer.url, jumpingClock(31))
  const old = await issuer.token()
  expect(await api.statusOf(old)).toBe(200)
  const other = await newKey('first')
  issuer.keys = [other.jwk]
  await api.later()
  expect(await untilNot(200, () => api.statusOf(old))).toBe(401)
  expect(await api.statusOf(await issuer.token({}, {}, other))).toBe(200)
})

test('a token that was taken before stays good over fetches in which its key has not changed', async () => {
  await using issuer = await startIssuer()
  await using api = await startApi(issuer.url, jumpingClock(31))
  const token = await issuer.token()
  for (let fetches = 1; fetches <= 3; fetches += 1) {
    expect(await api.statusOf(token)).toBe(200)
    while (issuer.keyFetches < fetches) expect(await api.statusOf(token)).toBe(200)
    await api.later()
  }
})
