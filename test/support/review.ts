import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ended, type Environment, runToEnd } from './program.ts'

/** What review.json promises (docs/review.md), as far as tests look at it. */
export interface Review {
  readonly passed: boolean
  readonly counts: Readonly<Record<string, number>>
  readonly staleExceptions: readonly string[]
  readonly controls: readonly {
    readonly id: string
    readonly level: string
    readonly needs: string
    readonly verdict: string
    readonly evidence: readonly string[]
    readonly note?: string
  }[]
}

/** Runs `npm run review` with these arguments, to a report; the reports go to the folder. */
export async function review(
  folder: string,
  args: readonly string[] = [],
  environment: Environment = {},
): Promise<Ended & { readonly report: Review }> {
  const ended = await runToEnd('review/main.ts', environment, ['--out', folder, ...args])
  if (ended.code !== 0 && ended.code !== 1)
    throw new Error(`The review ended with ${ended.code}: ${ended.stderr}`)
  return { ...ended, report: JSON.parse(readFileSync(join(folder, 'review.json'), 'utf8')) }
}
