import { expect, test } from 'vitest'
import { exceptionFor, exceptions } from '../support/proof/exceptions.ts'
import { Figures, table } from '../support/proof/figures.ts'

test('the table says what was recorded, what was looked for, and what was seen', () => {
  const figures = new Figures()
  Object.assign(figures, {
    flows: 2,
    tests: 3,
    requests: 1234,
    toBrowser: 5_000_001,
    killed: 29,
    planted: 30,
  })
  Object.assign(figures, { needles: { code: 4, access_token: 1000 }, exceptions: { 'code: on its way': 7 } })
  const text = table(figures)
  for (const line of [
    /^ {2}flows recorded +2 \(of 3 tests\)$/m,
    /^ {2}requests +1,234$/m,
    /^ {2}to the browser +5,001 kB$/m,
    /^ {2}needles +1,004\n {4}access_token +1,000\n {4}code +4$/m,
    /^ {2}found where none may be +0$/m,
    /^ {4}code: on its way +7$/m,
    /^ {2}planted leaks killed +29 of 30$/m,
  ]) {
    expect(text).toMatch(line)
  }
})

test('an exception is for a kind and a place: nothing is anywhere, and nothing else is there', () => {
  expect(exceptions.every(({ reason }) => reason.length > 10)).toBe(true)
  const found = (kind: string, where: string) => exceptionFor({ kind, where, how: 'in clear' }) !== undefined
  expect(found('code', 'to the gateway: GET /callback')).toBe(true)
  expect(found('access_token', 'to the gateway: GET /callback')).toBe(false)
  for (const where of [
    'to the gateway: GET /public: header referer',
    'to the browser: GET /callback: body',
    'to the browser: GET /callback: header location',
    'document of /callback',
    'storage',
    'output of bff/main.ts',
    'storage: sessions.db',
  ]) {
    expect(found('code', where), where).toBe(false)
  }
  for (const { kinds } of exceptions) {
    expect(kinds).not.toContain('refresh_token')
    expect(kinds).not.toContain('code_verifier')
  }
})
