import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Review, review } from './support/review.ts'

const folder = mkdtempSync(join(tmpdir(), 'review-'))
let ended: Awaited<ReturnType<typeof review>>
let report: Review
beforeAll(async () => {
  ended = await review(folder, ['--program', join(import.meta.dirname, 'naive/main.ts')])
  report = ended.report
}, 900_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const failed = () => report.controls.filter(({ verdict }) => verdict === 'failed')

test('a gateway that nobody has thought about fails the review, with at least 20 controls by name', () => {
  expect([ended.code, report.passed]).toEqual([1, false])
  // Seen to be wrong, and not merely out of reach because something before it failed.
  const seen = failed().filter(({ evidence }) => !evidence[0]?.startsWith('✗ The check ended with an error'))
  expect(seen.length).toBeGreaterThanOrEqual(20)
  for (const { id } of seen) expect(ended.stdout).toMatch(new RegExp(`failed +\\S+ +${RegExp.escape(id)} `))
})

test('what it is known to do wrong is among them', () => {
  const ids = failed().map(({ id }) => id)
  expect(ids).toEqual(
    expect.arrayContaining([
      'RFC10017-6.1-B5', // The session cookie is Lax,
      'RFC10017-6.1-B10', // and a link logs its visitors out;
      'RFC10017-6.1-B15', // whatever is asked for reaches the API,
      'RFC10017-6.1-B17', // with the cookie;
      'RFC10017-6.1-B18', // the tokens are in the browser, encrypted,
      'ASVS-14.2.1', // and one of them, in the clear, in an address.
      'ASVS-3.4.3', // Pages have no policy,
      'ASVS-3.2.2', // and show names as markup.
      'ASVS-7.4.1', // A logout ends nothing,
      'ASVS-7.2.4', // nor does another login.
      'ASVS-13.4.2', // Errors come with a stack trace,
      'ASVS-16.3.2', // and nobody would ever know.
    ]),
  )
})

test('what was accepted of the shipped gateway is not accepted of another', () => {
  expect(report.counts.excepted).toBe(0)
  expect(failed().map(({ id }) => id)).toContain('ASVS-3.4.7')
})
