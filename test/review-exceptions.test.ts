import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Control, type Finding, finding } from '../review/control.ts'
import { ExceptionsError, readExceptions } from '../review/exceptions.ts'
import { redact } from '../review/redact.ts'
import { type Outcome, runControls } from '../review/run.ts'
import { Target } from '../review/target.ts'

const control = (id: string, check: Control['check'], needs: Control['needs'] = 'nothing'): Control => ({
  id,
  standard: 'ASVS 5.0',
  section: '1.1.1',
  level: 'L1',
  demands: 'Something.',
  met: ['bff/app.ts'],
  needs,
  check,
})
const found = (verdict: Finding['verdict']) => async () => ({ verdict, evidence: ['what was seen'] })
const exception = (id: string, expires = '2027-01-01') => ({
  control: id,
  owner: 'maintainers',
  reason: 'A reason that says enough.',
  expires,
})
const paths = { login: '/login', logout: '/logout', page: '/page', api: '/api' }

/** The verdict on a control named X, what is said with it, and the exceptions that are stale. */
async function verdictOn(check: Control['check'], expires?: string, needs?: Control['needs']) {
  const exceptions = expires === undefined ? [] : [exception('X', expires)]
  const { results, stale } = await run([control('X', check, needs)], exceptions)
  return [results[0]?.verdict, results[0]?.note, stale]
}

const run = (
  controls: readonly Control[],
  exceptions: readonly ReturnType<typeof exception>[],
): Promise<Outcome> =>
  runControls(controls, new Target('http://localhost:1', { paths }), exceptions, {
    today: '2026-11-25',
    progress: () => {},
  })

describe('an exception', () => {
  test.each([
    ['failed', undefined, ['failed', undefined, []]],
    ['failed', '2027-01-01', ['excepted', undefined, []]],
    ['failed', '2026-11-25', ['excepted', undefined, []]],
    ['failed', '2026-11-24', ['failed', 'Its exception expired on 2026-11-24', []]],
    ['met', undefined, ['met', undefined, []]],
    ['met', '2027-01-01', ['met', undefined, ['X: the control is met']]],
    ['not applicable', '2027-01-01', ['not applicable', undefined, ['X: the control is not applicable']]],
  ] as const)('of a control that %s, good until %s: %j', async (verdict, expires, expected) => {
    expect(await verdictOn(found(verdict), expires)).toEqual(expected)
  })

  test('of a control that was not checked is not stale', async () => {
    const [verdict, note, stale] = await verdictOn(found('met'), '2027-01-01', 'login')
    expect([verdict, stale]).toEqual(['not checked', []])
    expect(note).toContain('REVIEW_COOKIE')
  })

  test('of a control that is not there is named', async () => {
    const { stale } = await run([control('X', found('met'))], [exception('Y')])
    expect(stale).toEqual(['Y: there is no such control'])
  })
})

describe('a check', () => {
  test('that throws has failed, and says why', async () => {
    const { results } = await run([control('X', () => Promise.reject(new Error('no answer')))], [])
    expect(results[0]).toMatchObject({ verdict: 'failed', evidence: [expect.stringContaining('no answer')] })
  })

  test.each(['met', 'failed', 'not applicable'] as const)(
    'that says %s without evidence has failed',
    async (verdict) => {
      const { results } = await run([control('X', async () => ({ verdict, evidence: [] }))], [])
      expect(results[0]).toMatchObject({
        verdict: 'failed',
        evidence: [expect.stringContaining('no evidence')],
      })
    },
  )

  test('is met when all of its probes are, and shows first what is wrong', () => {
    const [good, bad] = [
      { ok: true, seen: 'good' },
      { ok: false, seen: 'bad' },
    ] as const
    expect(finding([good])).toEqual({ verdict: 'met', evidence: ['good'] })
    expect(finding([good, bad])).toEqual({ verdict: 'failed', evidence: ['✗ bad', 'good'] })
  })
})

describe('the file of exceptions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exceptions-'))
  const read = (text: string) => {
    const file = join(folder, 'exceptions.json')
    writeFileSync(file, text)
    try {
      return readExceptions(file)
    } finally {
      rmSync(file)
    }
  }

  test.each([
    ['no JSON', '[', ['cannot be read']],
    ['no list', '{}', ['the file: ']],
    ['no owner', JSON.stringify([{ ...exception('X'), owner: '' }]), ['0.owner: ']],
    ['no reason', JSON.stringify([{ ...exception('X'), reason: 'because' }]), ['0.reason: must say why']],
    ['no date', JSON.stringify([exception('X', 'soon')]), ['0.expires: must be a date']],
    ['a day that is none', JSON.stringify([exception('X', '2026-02-30')]), ['0.expires: must be a date']],
    ['a field too many', JSON.stringify([{ ...exception('X'), more: 1 }]), ['"more"']],
    ['the same control twice', JSON.stringify([exception('X'), exception('X')]), ['X is excepted twice']],
    [
      'all of that',
      JSON.stringify([
        { ...exception('X', 'soon'), owner: '' },
        { ...exception('Y'), more: 1 },
      ]),
      ['0.owner', '0.expires', '"more"'],
    ],
  ])('with %s is refused, all problems at once', (_what, text, problems) => {
    expect(() => read(text)).toThrow(ExceptionsError)
    for (const problem of problems) expect(() => read(text)).toThrow(problem)
  })

  test('is a list, which may be empty', () => {
    expect(read('[]')).toEqual([])
    expect(read(JSON.stringify([exception('X')]))).toEqual([exception('X')])
  })
})

test.each([
  ['a JWT', 'authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhdXRoMHw2NWYifQ.c2lnbmF0dXJlLW9mLXRoYXQ'],
  ['a state', 'location: https://idp.example/authorize?state=Zx81kQ0pLm77Yt2RbVw9sQ3d'],
  ['a session cookie that is short', 'the cookie is s3cr3t-c00kie'],
])('evidence has no more of %s than its beginning', (_what, line) => {
  const text = redact(line, new Set(['s3cr3t-c00kie']))
  expect(text).not.toMatch(/[\w-]{20}\d[\w-]*|c00kie/)
  expect(text).toContain('…')
})

test('evidence keeps what is no secret', () => {
  const line =
    'GET /api/messages/protected → 200, cross-origin-resource-policy: same-origin, max-age=31536000'
  expect(redact(line, new Set())).toBe(line)
})
