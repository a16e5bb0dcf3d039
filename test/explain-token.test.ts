import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Issuer, newKey, startIssuer } from './support/issuer.ts'

const main = join(import.meta.dirname, '../api/explain/main.ts')
const head = { alg: 'RS256', typ: 'at+jwt', kid: 'first' }

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer[Symbol.asyncDispose]())

async function explain(input: string, settings: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main], {
    env: { ISSUER_URL: issuer.url, ...settings },
    cwd: tmpdir(),
  })
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  const results = [...stdout.matchAll(/^ {2}(form|header|key|signature|claims) +(.*)$/gm)]
  return { code, stdout, stderr, results: results.map(([, check, result]) => `${check}: ${result}`) }
}

test('a good token passes every check; it may come as a header does', async () => {
  // Of this very moment, which is past and not "in 0 s".
  const token = await issuer.token({ iat: Date.now() / 1000, nbf: 1_700_000_000 })
  for (const input of [token, `${token}\n`, `Bearer ${token}`, `Authorization: Bearer ${token}\r\n`]) {
    const { code, results, stdout } = await explain(input)
    expect([code, results]).toEqual([0, ['form: ok', 'header: ok', 'key: ok', 'signature: ok', 'claims: ok']])
    expect(stdout).toContain('Its claims: iss, sub, aud, iat, exp, nbf\n')
    expect(stdout).toMatch(/ {2}iat {2}20\d\d-\d\d-\d\dT\S+Z {2}\(\d+ s ago\)/)
    expect(stdout).toMatch(/ {2}exp {2}\S+ {2}\(in 3\d\d\d s\)/)
    expect(stdout).toContain('  nbf  2023-11-14T22:13:20.000Z')
  }
})

test('whether it has the permission is said besides', async () => {
  const permitted = await issuer.token({ permissions: ['read:admin-messages'], scope: 'openid' })
  expect((await explain(permitted)).stdout).toContain('  permission ok: read:admin-messages\n')
  const elsewhere = await explain(permitted, { PERMISSIONS_CLAIM: 'scope' })
  expect([elsewhere.code, elsewhere.stdout]).toEqual([
    0,
    expect.stringContaining('  permission without read:admin-messages: the admin message is 403\n'),
  ])
})

describe('the check that fails first is named', () => {
  test.each<[string, () => string | Promise<string>, number, string]>([
    ['nothing', () => '', 0, 'It has not three parts'],
    ['one word', () => 'swordfish', 0, 'It has not three parts'],
    ['an algorithm', () => issuer.forge({ ...head, alg: 'none' }, issuer.claims()), 1, 'forbidden: alg'],
    ['a type', () => issuer.forge({ ...head, typ: 'logout+jwt' }, issuer.claims()), 1, '"typ" is another'],
    ['a key', () => issuer.token({}, { kid: 'second' }), 2, 'The issuer has no key of this name'],
    [
      'a signature',
      async () => issuer.token({}, {}, await newKey('first')),
      3,
      'signature verification failed',
    ],
    ['an audience', () => issuer.token({ aud: 'https://swordfish.example' }), 4, '"aud" claim'],
    ['an end', () => issuer.token({ iat: 1000, exp: 2000 }), 4, '"exp" claim'],
  ])('%s', async (_what, make, at, reason) => {
    const { code, results } = await explain(await make())
    expect(code).toBe(1)
    expect(results).toHaveLength(5)
    expect(results[at]).toContain('FAILS: ')
    expect(results[at]).toContain(reason)
    for (const result of results.slice(0, at)) expect(result).toMatch(/: ok$/)
    for (const result of results.slice(at + 1)) expect(result).toMatch(/: not reached$/)
  })

  test('by the settings that the API has', async () => {
    const token = await issuer.token({}, { typ: 'JWT' })
    expect((await explain(token)).code).toBe(0)
    const strict = await explain(token, { ACCESS_TOKEN_TYP: 'at+jwt' })
    expect([strict.code, strict.results[1]]).toEqual([1, 'header: FAILS: "typ" is another'])
    const another = await explain(token, { AUTH0_AUDIENCE: 'https://another.example' })
    expect(another.results[4]).toContain('"aud" claim')
    const none = await explain(token, { AUTH0_DOMAIN: 'x' })
    expect([none.code, none.stdout]).toEqual([78, ''])
    expect(none.stderr).toContain('AUTH0_DOMAIN must be a domain')
  })

  test('an issuer that cannot be asked is no fault of the token', async () => {
    await using other = await startIssuer()
    const token = await other.token()
    await other.stop()
    const { code, results } = await explain(token, { ISSUER_URL: other.url })
    expect([code, results[2]]).toEqual([
      69,
      expect.stringMatching(/key: FAILS: The issuer's keys cannot be had .* would answer 503/),
    ])
  })
})

test('nothing of a token is printed but the names of its claims and its times', async () => {
  const claims = {
    sub: 'swordfish-sub',
    aud: 'swordfish-aud',
    'name\u001b[31m\u009b\n': 'swordfish-value',
    [`long${'g'.repeat(100)}`]: 1,
  }
  const tokens = [
    await issuer.token({ ...claims, iss: 'swordfish-iss' }),
    issuer.forge({ ...head, kid: 'swordfish-kid' }, { ...issuer.claims(), ...claims }),
    issuer.forge({ ...head, swordfish: 1, typ: 'swordfish' }, { ...issuer.claims(), exp: 'swordfish' }),
  ]
  for (const token of tokens) {
    const { stdout, stderr } = await explain(token)
    expect(stderr).toBe('')
    expect(stdout).not.toContain('swordfish')
    for (const part of token.split('.')) expect(stdout).not.toContain(part.slice(0, 12))
    expect(stdout).not.toMatch(/[^\n\x20-\x7e]/)
    expect(stdout).not.toContain('g'.repeat(61))
  }
})
