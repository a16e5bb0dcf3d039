import { setTimeout as wait } from 'node:timers/promises'
import type { Control, Finding } from './control.ts'
import type { Exception } from './exceptions.ts'
import { redact } from './redact.ts'
import type { Target } from './target.ts'

export const verdicts = ['failed', 'excepted', 'met', 'not applicable', 'not checked'] as const
export type Verdict = (typeof verdicts)[number]

export interface Result {
  readonly control: Control
  readonly verdict: Verdict
  readonly evidence: readonly string[]
  /** Why it was not checked, or what is the matter with its exception. */
  readonly note?: string
  readonly exception?: Exception
}

export interface Outcome {
  readonly results: readonly Result[]
  /** Exceptions that are good for nothing. */
  readonly stale: readonly string[]
}

/** One after the other: they share a login, and a gateway in use is not to be stormed. */
export async function runControls(
  controls: readonly Control[],
  target: Target,
  exceptions: readonly Exception[],
  { today, progress }: { readonly today: string; readonly progress: (result: Result) => void },
): Promise<Outcome> {
  const results: Result[] = []
  for (const control of controls) {
    const exception = exceptions.find((each) => each.control === control.id)
    const result = judge(control, await find(control, target), exception, today)
    const evidence = result.evidence.map((line) => redact(line, target.secrets))
    results.push({ ...result, evidence })
    progress(result)
  }
  return { results, stale: staleOf(exceptions, results) }
}

/** A string: why it was not checked. */
async function find(control: Control, target: Target): Promise<Finding | string> {
  if (control.needs === 'embedded' && !target.isEmbedded)
    return 'Only a set-up that the review starts itself can show this: npm run review without --url'
  if (control.needs === 'login' && !target.hasLogin) return 'Needs a session: set REVIEW_COOKIE'
  const tooLong = new AbortController()
  try {
    const late = wait(60_000, undefined, { signal: tooLong.signal }).then((): never => {
      throw new Error('The check took longer than a minute')
    })
    late.catch(() => {})
    const found = await Promise.race([control.check(target), late])
    if (found.evidence.length === 0) throw new Error('The check gave no evidence')
    return found
  } catch (error) {
    return { verdict: 'failed', evidence: [`✗ The check ended with an error: ${String(error)}`] }
  } finally {
    tooLong.abort()
  }
}

export function judge(
  control: Control,
  found: Finding | string,
  exception: Exception | undefined,
  today: string,
): Result {
  if (typeof found === 'string') return { control, verdict: 'not checked', evidence: [], note: found }
  if (found.verdict !== 'failed' || !exception) return { control, ...found }
  if (exception.expires < today)
    return { control, ...found, exception, note: `Its exception expired on ${exception.expires}` }
  return { control, ...found, verdict: 'excepted', exception }
}

/** Those that no control needs (any more). What was not checked says nothing about its exception. */
function staleOf(exceptions: readonly Exception[], results: readonly Result[]): string[] {
  return exceptions.flatMap(({ control: id }) => {
    const result = results.find(({ control }) => control.id === id)
    if (!result) return [`${id}: there is no such control`]
    return result.verdict === 'met' || result.verdict === 'not applicable'
      ? [`${id}: the control is ${result.verdict}`]
      : []
  })
}

export const verdictsOf = ({ results }: Outcome, verdict: Verdict) =>
  results.filter((result) => result.verdict === verdict)

export const isPassed = (outcome: Outcome) => verdictsOf(outcome, 'failed').length === 0
