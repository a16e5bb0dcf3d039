import type { Control } from './control.ts'
import type { About } from './reports.ts'
import type { Outcome, Result } from './run.ts'

const schema = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'

/** SARIF 2.1.0: the controls are rules, what failed are results; what is excepted is a suppressed one. */
export function asSarif({ results }: Outcome, { target, startedAt, version }: About) {
  const failed = results.filter(({ verdict }) => verdict === 'failed' || verdict === 'excepted')
  return {
    $schema: schema,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'cloakroom review',
            version,
            rules: results.map(({ control }) => rule(control)),
          },
        },
        invocations: [{ executionSuccessful: true, startTimeUtc: startedAt.toISOString() }],
        properties: { target },
        results: failed.map((each) => result(each, results.indexOf(each))),
      },
    ],
  }
}

const rule = ({ id, standard, section, level, demands }: Control) => ({
  id,
  shortDescription: { text: `${standard}, section ${section}, ${level}` },
  fullDescription: { text: demands },
  defaultConfiguration: { level: severity(level) },
  properties: { tags: ['security', standard, level] },
})

const result = ({ control, evidence, exception, note, verdict }: Result, ruleIndex: number) => ({
  ruleId: control.id,
  ruleIndex,
  kind: 'fail',
  level: severity(control.level),
  message: { text: [control.demands, note ?? [], ...evidence].flat().join('\n') },
  locations: control.met.map((uri) => ({ physicalLocation: { artifactLocation: { uri } } })),
  ...(exception &&
    verdict === 'excepted' && {
      suppressions: [
        { kind: 'external', status: 'accepted', justification: `${exception.owner}: ${exception.reason}` },
      ],
    }),
})

function severity(level: Control['level']): 'error' | 'warning' | 'note' {
  if (level === 'MUST' || level === 'L1') return 'error'
  return level === 'SHOULD' || level === 'L2' ? 'warning' : 'note'
}
