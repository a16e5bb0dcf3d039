import type { Message } from './proof/messages.ts'
import { Tap } from './tap.ts'

const taps = new Set<Tap>()
let answers: [request: Message | undefined, answer: Message][] = []

/** Stands in front of an API: whatever a test is about, each answer is held against api/openapi.json. */
export function tapApi(): Tap {
  const tap = new Tap((request, answer) => answers.push([request, answer]))
  taps.add(tap)
  return tap
}

export interface Judged {
  readonly count: number
  readonly problems: readonly string[]
}

/** The answers since the last time it was asked: how many there were, and what of them is not as it is described. */
export async function judgeAnswers(): Promise<Judged> {
  for (const tap of taps) tap.take()
  const judged = answers
  answers = []
  if (judged.length === 0) return { count: 0, problems: [] }
  // Only now: most files of tests ask the API nothing.
  const { contract } = await import('./openapi.ts')
  return {
    count: judged.length,
    problems: judged.flatMap(([request, answer]) => contract.problems(request, answer)),
  }
}
