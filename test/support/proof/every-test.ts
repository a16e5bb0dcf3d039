import { afterAll, afterEach } from 'vitest'
import { writeFigures } from './figures.ts'
import type { Found } from './seen.ts'
import { worker } from './worker.ts'

worker.isRecording = true

/** What holds in every test, whatever it is about: what went through its gateways has no token in it. */
afterEach(() => {
  worker.figures.tests += 1
  if (worker.look()) worker.figures.flows += 1
  expectNothing()
})

/** What went through before the first test and after the last one belongs to it as well. */
afterAll(() => {
  worker.look()
  writeFigures(worker.close())
  expectNothing()
})

function expectNothing(): void {
  const found = worker.takeFound()
  if (found.length === 0) return
  const lines = found.map(({ kind, where, how }: Found) => `  ${kind}, ${how}, in ${where}`)
  throw new Error(`Seen where it must not be:\n${[...new Set(lines)].join('\n')}`)
}
