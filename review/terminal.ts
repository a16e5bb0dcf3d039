import { styleText } from 'node:util'
import { standards } from './control.ts'
import { isPassed, type Outcome, type Verdict, verdicts, verdictsOf } from './run.ts'

const colours = {
  failed: 'red',
  excepted: 'yellow',
  met: 'green',
  'not applicable': 'gray',
  'not checked': 'gray',
} as const

const indent = ' '.repeat(53)

/** `colourful`: for a terminal. */
export function table(outcome: Outcome, colourful = false): string {
  const paint = (verdict: Verdict) => {
    const text = verdict.padEnd(14)
    return colourful ? styleText(colours[verdict], text, { validateStream: false }) : text
  }
  return standards
    .flatMap((standard) => {
      const rows = outcome.results.filter(({ control }) => control.standard === standard)
      if (rows.length === 0) return []
      const lines = rows.flatMap(({ control, verdict, evidence, exception, note }) => [
        `  ${paint(verdict)}  ${control.level.padEnd(9)}  ${control.id.padEnd(22)}  ${control.demands}`,
        ...(note && verdict === 'failed' ? [`${indent}${note}`] : []),
        ...(exception && verdict === 'excepted'
          ? [`${indent}until ${exception.expires}, ${exception.owner}: ${exception.reason}`]
          : []),
        ...(verdict === 'failed'
          ? evidence
              .filter((line) => line.startsWith('✗'))
              .slice(0, 3)
              .map((line) => `${indent}${line.slice(0, 200)}`)
          : []),
      ])
      return [`${standard}\n${lines.join('\n')}\n\n`]
    })
    .join('')
}

export function summary(outcome: Outcome, target: string, files: readonly string[]): string {
  const counts = verdicts.map((verdict) => `${verdictsOf(outcome, verdict).length} ${verdict}`)
  return [
    ...outcome.stale.map((line) => `An exception that nobody needs: ${line}`),
    `${isPassed(outcome) ? 'PASSED' : 'FAILED'}  ${target}: ${counts.join(', ')}`,
    `Reports: ${files.join(', ')}`,
    '',
  ].join('\n')
}
