import { forgetFigures, readFigures, table } from './figures.ts'

/** Before the first test of a run, and after the last one. */
export function setup(): () => void {
  forgetFigures()
  return () => {
    process.stdout.write(`${table(readFigures())}\n`)
  }
}
