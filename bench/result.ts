import { execFileSync } from 'node:child_process'
import { cpus, release } from 'node:os'
import { generator } from './load.ts'
import type { BodyFigure } from './measures/bodies.ts'
import type { ConnectionsFigures } from './measures/connections.ts'
import type { SessionsFigure } from './measures/sessions.ts'
import type { StartFigure } from './measures/starts.ts'
import type { StorageFigure } from './measures/storage.ts'
import type { WorkersFigure } from './measures/workers.ts'
import type { Figure } from './rounds.ts'
import { here } from './world.ts'

/** All that one run has measured, as it is kept in docs/performance.json. */
export interface Result {
  readonly about: {
    readonly date: string
    readonly revision: string
    readonly command: string
    readonly machine: string
    readonly node: string
    readonly generator: string
    readonly rounds: number
  }
  requests?: readonly Figure[]
  connections?: readonly ConnectionsFigures[]
  workers?: readonly WorkersFigure[]
  sessions?: readonly SessionsFigure[]
  routes?: readonly Figure[]
  bodies?: readonly BodyFigure[]
  starts?: readonly StartFigure[]
  storage?: readonly StorageFigure[]
}

export function newResult(args: readonly string[], rounds: number): Result {
  const [processor] = cpus()
  const revision = execFileSync('git', ['describe', '--always', '--dirty'], {
    cwd: here,
    encoding: 'utf8',
  }).trim()
  return {
    about: {
      date: new Date().toISOString().slice(0, 10),
      revision,
      command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
      machine: `${cpus().length} × ${processor?.model.trim()}, Linux ${release()}`,
      node: process.version,
      generator,
      rounds,
    },
  }
}
