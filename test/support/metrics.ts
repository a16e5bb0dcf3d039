import type { Program } from './program.ts'

type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

/** What a program said when it was asked for its metrics. */
export class Metrics {
  readonly text: string
  readonly samples: readonly Sample[]

  constructor(text: string) {
    this.text = text
    this.samples = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(sampleIn)
  }

  /** All samples of that name that have these labels, and maybe others, together; undefined: there is none. */
  sum(name: string, labels: Labels = {}): number | undefined {
    const wanted = Object.entries(labels)
    const found = this.samples.filter(
      (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    )
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
  }

  /** What stands in a label, of all samples of that name. */
  labelsOf(name: string, label: string): string[] {
    const values = this.samples.filter((sample) => sample.name === name).map(({ labels }) => labels[label])
    return [...new Set(values.map(String))].toSorted()
  }
}

function sampleIn(line: string): Sample {
  const [, name = '', labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text])
  return { name, labels: Object.fromEntries(pairs), value: Number(value) }
}

/** Where a program has its metrics: at the port of that setting, at the address where it listens itself. */
export function metricsUrl(program: Program, port: number | string): string {
  return `http://${new URL(program.ownUrl).hostname}:${port}/metrics`
}

export async function scrape(program: Program, port: number | string): Promise<Metrics> {
  const answer = await fetch(metricsUrl(program, port))
  if (!answer.ok) throw new Error(`The metrics were answered ${answer.status}`)
  return new Metrics(await answer.text())
}

/** By how much samples of that name rose while something was done, each by what stands in its label. */
export async function risen(
  ask: () => Promise<Metrics>,
  [name, label]: readonly [string, string],
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const before = await ask()
  await work()
  const after = await ask()
  const rises = after.labelsOf(name, label).map((value) => {
    const [now = 0, then = 0] = [after, before].map((metrics) => metrics.sum(name, { [label]: value }))
    return [value, now - then] as const
  })
  return Object.fromEntries(rises.filter(([, rise]) => rise !== 0))
}
