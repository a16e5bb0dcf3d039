import { afterAll, afterEach } from 'vitest'
import { judgeAnswers } from '../api-answers.ts'
import { writeFigures } from './figures.ts'
import type { Found } from './seen.ts'
import { worker } from './worker.ts'

worker.isRecording = true

/**
 * What holds in every test, whatever it is about: what went through its gateways has no token in it, and what its APIs
 * answered is in their contract.
 */
afterEach(async () => {
  worker.figures.tests += 1
  if (worker.look()) worker.figures.flows += 1
  expectNothing()
  await expectDescribed()
})

/** What went through before the first test and after the last one belongs to it as well. */
afterAll(async () => {
  worker.look()
  writeFigures(worker.close())
  expectNothing()
  await expectDescribed()
})

function expectNothing(): void {
  const found = worker.takeFound()
  if (found.length === 0) return
  const lines = found.map(({ kind, where, how }: Found) => `  ${kind}, ${how}, in ${where}`)
  throw new Error(`Seen where it must not be:\n${[...new Set(lines)].join('\n')}`)
}

async function expectDescribed(): Promise<void> {
  const { problems } = await judgeAnswers()
  if (problems.length > 0) {
    throw new Error(
      `Not as api/openapi.json says:\n${[...new Set(problems)].map((each) => `  ${each}`).join('\n')}`,
    )
  }
}
