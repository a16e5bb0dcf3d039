import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { standards } from '../review/control.ts'
import { allControls } from '../review/controls.ts'
import { elements, textOf } from './support/browser.ts'
import { runToEnd } from './support/program.ts'
import { type Review, review } from './support/review.ts'

const folder = mkdtempSync(join(tmpdir(), 'review-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const root = join(import.meta.dirname, '..')

describe('each control', async () => {
  const controls = await allControls()

  test('has a name of its own', () => {
    const ids = controls.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[A-Z][\w.-]+$/)
  })

  test.each(controls)('$id says what it demands, where that stands and where it is met', (control) => {
    expect(standards).toContain(control.standard)
    expect(control.section).toMatch(/^\d+(\.\d+)*$/)
    expect(control.demands).toMatch(/^[A-Z].*\.$/)
    expect(control.met.length).toBeGreaterThan(0)
    for (const file of control.met) expect([file, existsSync(join(root, file))]).toEqual([file, true])
  })

  test('of every MUST and SHOULD that RFC 10017 has for a gateway is there', () => {
    const ids = controls.map(({ id }) => id)
    for (let number = 1; number <= 15; number += 1) expect(ids).toContain(`RFC10017-6.1-B${number}`)
  })
})

describe('the embedded set-up', () => {
  let ended: Awaited<ReturnType<typeof review>>
  let report: Review
  beforeAll(async () => {
    ended = await review(folder)
    report = ended.report
  }, 900_000)

  test('passes: every demand is met, or honestly excepted', () => {
    const failed = report.controls.filter(({ verdict }) => verdict === 'failed')
    expect(failed.map(({ id, evidence }) => [id, evidence])).toEqual([])
    expect([ended.code, report.passed, report.staleExceptions]).toEqual([0, true, []])
    expect(report.counts['not checked']).toBe(0)
  })

  test('gives evidence for each verdict, and no secret in it', () => {
    for (const { id, evidence } of report.controls) expect([id, evidence.length > 0]).toEqual([id, true])
    const text = JSON.stringify(report) + ended.stdout
    expect(text).not.toMatch(/eyJ[\w-]+\.eyJ/)
    expect(text).not.toMatch(/__Host-Http-ticket=[\w-]{20}/)
  })

  test('is said in the terminal by standard, with the sum at the end', () => {
    for (const standard of standards) expect(ended.stdout).toContain(`\n${standard}\n`.trimStart())
    expect(ended.stdout).toMatch(/^PASSED {2}https:\/\/localhost:\d+: 0 failed, \d+ excepted, \d+ met/m)
    expect(ended.stdout).not.toContain('\u001B[')
  })

  test('is an HTML report that has all of it, needs no script and loads nothing', () => {
    const html = readFileSync(join(folder, 'review.html'), 'utf8')
    expect(textOf(html, 'h1')).toMatch(/^Passed, with \d+ exceptions$/)
    expect(elements(html, 'details')).toHaveLength(report.controls.length)
    for (const name of ['script', 'link', 'img', 'iframe']) expect(elements(html, name)).toEqual([])
    expect(html).not.toMatch(/@import|url\(/)
    for (const { id } of report.controls) expect(html).toContain(`id="${id}"`)
  })

  test('is a SARIF log whose results are what failed, the excepted ones suppressed', () => {
    const { version, runs } = JSON.parse(readFileSync(join(folder, 'review.sarif'), 'utf8'))
    expect([version, runs.length]).toEqual(['2.1.0', 1])
    const [{ tool, results }] = runs
    expect(tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(report.controls.map(({ id }) => id))
    expect(results).toHaveLength(report.counts.excepted ?? 0)
    for (const { ruleId, ruleIndex, level, message, suppressions, locations } of results) {
      expect(tool.driver.rules[ruleIndex].id).toBe(ruleId)
      expect(['error', 'warning', 'note']).toContain(level)
      expect(message.text).toContain('✗')
      expect(suppressions[0]).toMatchObject({ kind: 'external', status: 'accepted' })
      expect(existsSync(join(root, locations[0].physicalLocation.artifactLocation.uri))).toBe(true)
    }
  })
})

test.each([
  ['an option that is not there', ['--nonsense'], 'nonsense'],
  ['an address that is none', ['--url', 'gateway'], 'no http(s) address'],
  ['a gateway that is not there', ['--url', 'http://127.0.0.1:1'], 'cannot be reached'],
  ['a control that is not there', ['--only', 'X'], 'No control'],
  ['exceptions that are not there', ['--exceptions', join(folder, 'none.json')], 'cannot be read'],
])('%s ends it with 2 and says why', async (_what, args, reason) => {
  const { code, stderr } = await runToEnd('review/main.ts', {}, [...args, '--out', folder])
  expect([code, stderr]).toEqual([2, expect.stringContaining(reason)])
})
