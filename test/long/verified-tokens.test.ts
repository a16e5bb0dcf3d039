import { createPublicKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { createVerifiedTokens } from '../../api/verified-tokens.ts'
import { audience, startIssuer } from '../support/issuer.ts'

test('of any number of tokens 20,000 are remembered, and those that are used', async () => {
  await using issuer = await startIssuer()
  const key = createPublicKey({ key: { ...issuer.key.jwk }, format: 'jwk' })
  const keys = { keyOf: async () => key, known: () => key, ready: async () => true, ageSeconds: () => 0 }
  const tokens = createVerifiedTokens({ issuer: issuer.url, audience, accessTokenTyp: 'JWT' }, keys)
  const next = async (number: number) => {
    const token = issuer.forge(
      { alg: 'RS256', typ: 'at+jwt', kid: 'first' },
      { ...issuer.claims(), jti: number },
    )
    await tokens.verify(token)
    return token
  }
  const used = await next(-2)
  const unused = await next(-1)
  let last = ''
  for (let number = 0; number < 21_000; number += 1) {
    last = await next(number)
    if (number % 1000 === 0) expect(tokens.find(used)).toBeDefined()
    if (number === 9_000) expect(tokens.find(last)).toBeDefined()
  }
  expect(tokens.find(last)).toBeDefined()
  expect(tokens.find(used)).toBeDefined()
  expect(tokens.find(unused)).toBeUndefined()
})
