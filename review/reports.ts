import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asHtml } from './html.ts'
import { type Outcome, verdicts, verdictsOf } from './run.ts'
import { asSarif } from './sarif.ts'

/** What was reviewed, when, and by which version of this. */
export interface About {
  readonly target: string
  /** The gateway program, when the review has started it itself. */
  readonly program?: string
  readonly startedAt: Date
  readonly version: string
}

export const version = (): string =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')).version

/** The files that were written. */
export function writeReports(folder: string, outcome: Outcome, about: About): string[] {
  mkdirSync(folder, { recursive: true })
  const contents = {
    'review.html': asHtml(outcome, about),
    'review.json': pretty(asJson(outcome, about)),
    'review.sarif': pretty(asSarif(outcome, about)),
  }
  return Object.entries(contents).map(([name, content]) => {
    const file = join(folder, name)
    writeFileSync(file, content)
    return file
  })
}

const pretty = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`

/** For programs; docs/review.md promises the shape. */
export function asJson(outcome: Outcome, { startedAt, version, ...about }: About) {
  return {
    format: 1,
    tool: { name: 'cloakroom review', version },
    ...about,
    startedAt: startedAt.toISOString(),
    passed: verdictsOf(outcome, 'failed').length === 0,
    counts: Object.fromEntries(verdicts.map((verdict) => [verdict, verdictsOf(outcome, verdict).length])),
    staleExceptions: outcome.stale,
    // Without the check, which is no JSON.
    controls: outcome.results.map(({ control, ...result }) => ({ ...control, ...result })),
  }
}
