import type { Program } from '../program.ts'
import { Tap } from '../tap.ts'
import { exceptionFor } from './exceptions.ts'
import { search } from './matcher.ts'
import type { Found, Needle, Seen } from './seen.ts'
import { worker } from './worker.ts'

/** One gateway whose leaks are looked for by hand, and do not fail the test by themselves. */
export class Recorded implements AsyncDisposable {
  readonly program: Program
  readonly #seen: Seen[] = []

  constructor(program: Program) {
    this.program = program
  }

  /** All that went through until now, and what it said. */
  get seen(): readonly Seen[] {
    this.#seen.push(...(this.program.tap?.take() ?? []))
    return [...this.#seen, { where: 'output of the gateway', text: this.program.output }]
  }

  /** Where a needle was seen that may not be there, in that, and in what a browser has recorded beside it. */
  leaks(needles: readonly Needle[], beside: readonly Seen[] = []): Found[] {
    return search([...this.seen, ...beside], needles).filter((found) => !exceptionFor(found))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop()
  }
}

/** Starts a gateway: a Program that has not been started, of this folder or of any other. Needs Linux (behind.ts). */
export async function record(program: Program): Promise<Recorded> {
  worker.forget(program)
  program.tap = new Tap()
  await program.start()
  return new Recorded(program)
}

/** A line of the table: planted leaks killed n of n. */
export function countPlanted(isKilled: boolean): void {
  worker.figures.planted += 1
  worker.figures.killed += Number(isKilled)
}
