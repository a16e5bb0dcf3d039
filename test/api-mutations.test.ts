import { createPublicKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createVerifiedTokens } from '../api/verified-tokens.ts'
import { TokenError } from '../api/verify.ts'
import { audience, startApi, startIssuer } from './support/issuer.ts'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.='
const letter = fc.oneof(
  fc.constantFrom(...letters.split('')),
  fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
)

/** One byte of the token is another one, is gone, or has another one in front of it. */
const mutations = (token: string) =>
  fc
    .tuple(fc.nat(token.length - 1), fc.constantFrom('change', 'drop', 'add'), letter)
    .map(([at, what, byte]) => {
      const rest = token.slice(what === 'add' ? at : at + 1)
      return token.slice(0, at) + (what === 'drop' ? '' : byte) + rest
    })

test('of 100,000 tokens with a byte changed none is taken', async () => {
  await using issuer = await startIssuer()
  const key = createPublicKey({ key: { ...issuer.key.jwk }, format: 'jwk' })
  const rules = { issuer: issuer.url, audience, accessTokenTyp: 'JWT' } as const
  // Keys that are there, so that it is the checks of tokens that are shown.
  const tokens = createVerifiedTokens(rules, {
    keyOf: async () => key,
    known: () => key,
    ready: async () => true,
    ageSeconds: () => 0,
  })
  const token = await issuer.token({ permissions: ['read:admin-messages'] })
  expect((await tokens.verify(token)).kid).toBe('first')
  expect(tokens.find(token)).toBeDefined()
  const failed = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(mutations(token), async (mutation) => {
      fc.pre(mutation !== token)
      expect(tokens.find(mutation)).toBeUndefined()
      const error = await tokens.verify(mutation).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TokenError)
      const { check } = error as TokenError
      failed.set(check, (failed.get(check) ?? 0) + 1)
    }),
    { numRuns: 100_000 },
  )
  // They got as far as to the last check that they can get to: the claims are behind a good signature.
  expect([...failed.keys()].toSorted()).toEqual(['form', 'header', 'signature'])
  for (const count of failed.values()) expect(count).toBeGreaterThan(1000)
})

test('nor does the running API take one of a thousand', async () => {
  await using issuer = await startIssuer()
  await using api = await startApi(issuer.url, { LOG_LEVEL: 'error' })
  const token = await issuer.token()
  expect(await api.statusOf(token)).toBe(200)
  // What a client may not send at all, or what is cut off as a blank, is no other token.
  const sendable = mutations(token).filter((each) => each !== token && /^[\x21-\x7e]*$/.test(each))
  for (const each of fc.sample(sendable, 1000)) expect(await api.statusOf(each)).toBe(401)
  expect(await api.statusOf(token)).toBe(200)
})
