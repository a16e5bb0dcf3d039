import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { allControls } from '../../review/controls.ts'
import { review } from '../support/review.ts'

const folder = mkdtempSync(join(tmpdir(), 'review-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Without these no login comes about, or no second one: the bad gateways have to do them well. */
const neededToLogIn = ['RFC10017-6.1-B1', 'RFC10017-6.1-B2', 'RFC10017-6.1-B20', 'ASVS-7.2.2']
/** About a defence that neither has. */
const notTheirs = ['RFC10017-6.1-B12']
/** The standards whose every control has to be seen failing on one of the two bad gateways. */
const judged = /^(RFC10017|ASVS)-/

test('every control fails on a gateway that does wrong what it is about', async () => {
  const failed = new Set<string>()
  for (const name of ['main', 'careless']) {
    const program = join(import.meta.dirname, `../naive/${name}.ts`)
    const { code, report } = await review(folder, ['--program', program])
    expect([name, code]).toEqual([name, 1])
    for (const { id, verdict, evidence } of report.controls) {
      // Seen to be wrong, and not merely out of reach because something before it failed.
      if (verdict === 'failed' && !evidence[0]?.startsWith('✗ The check ended with an error')) failed.add(id)
    }
  }
  const others = [...neededToLogIn, ...notTheirs]
  const ids = (await allControls()).map(({ id }) => id).filter((id) => judged.test(id))
  expect(ids.filter((id) => !failed.has(id) && !others.includes(id))).toEqual([])
})
