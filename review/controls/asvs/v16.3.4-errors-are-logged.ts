import { type Control, finding, probe } from '../../control.ts'
import { logged } from '../../probes/logged.ts'
import { forsaken } from '../../probes/set-ups.ts'

export const control: Control = {
  id: 'ASVS-16.3.4',
  standard: 'ASVS 5.0',
  section: '16.3.4',
  level: 'L2',
  demands: 'An error that nobody expected stands in the log, with what caused it.',
  met: ['bff/edge/errors.ts', 'shared/log.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { target: own, browser } = await forsaken(target)
    const answer = await browser.fetch(own.paths.api)
    const line = await logged(() =>
      own.stack.bff.log.find(({ level, err }) => level === 'error' && err !== undefined),
    )
    return finding([
      probe(answer.status >= 500, `GET ${own.paths.api} while the API is away`, answer),
      {
        ok: line !== undefined,
        seen: line
          ? `In the log: "${String(line.msg)}" ${JSON.stringify(line.err).slice(0, 120)}`
          : 'Nothing in the log',
      },
    ])
  },
}
