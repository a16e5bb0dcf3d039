import { setTimeout as wait } from 'node:timers/promises'
import type { LogLine } from '../../test/support/program.ts'

/** A line that may be on its way still; undefined: some seconds later it is not there. */
export async function logged(find: () => LogLine | undefined): Promise<LogLine | undefined> {
  for (const until = Date.now() + 3000; Date.now() < until; await wait(50)) {
    const line = find()
    if (line) return line
  }
  return undefined
}
