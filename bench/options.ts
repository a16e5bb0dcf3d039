import { parseArgs } from 'node:util'

/** What is measured, each part by itself. */
const parts = [
  'requests',
  'connections',
  'workers',
  'sessions',
  'routes',
  'bodies',
  'starts',
  'storage',
] as const

export const usage = `npm run bench -- [options]

  --quick         what CI runs: the proxied request, a page and the API, in about two minutes
  --only PARTS    only these, a comma between: ${parts.join(', ')}
  --rounds N      how often everything is measured, in turns (9; 5 with --quick)
  --against REV   the gateway and the API of another commit besides, in turns with these
  --check         exit code 1 if a request costs more than 1.25 times what docs/performance.json has, as a ratio to the
                  bare proxy of the same run
  --write         keeps the result in docs/: performance.json, the tables of performance.md, the charts
`

/** What was asked for cannot be done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface Options {
  readonly quick: boolean
  readonly only: readonly (typeof parts)[number][]
  readonly rounds: number
  readonly against: string | undefined
  readonly check: boolean
  readonly write: boolean
}

/** Throws UsageError. */
export function readOptions(args: readonly string[]): Options {
  const { quick, only, rounds, ...rest } = parse(args)
  const names = only?.split(',') ?? (quick ? ['requests'] : parts)
  const unknown = names.filter((name) => !parts.some((part) => part === name))
  if (unknown.length > 0) throw new UsageError(`There is no ${unknown.join(', ')}`)
  if (rest.write && (quick || only !== undefined))
    throw new UsageError('--write keeps a whole run: without --quick and --only')
  if (rest.check && !names.includes('requests')) throw new UsageError('--check is about requests')
  const count = Number(rounds ?? (quick ? 5 : 9))
  if (!Number.isInteger(count) || count < 1) throw new UsageError('--rounds must be a number, 1 or more')
  return { quick, only: parts.filter((part) => names.includes(part)), rounds: count, ...rest }
}

function parse(args: readonly string[]) {
  const boolean = { type: 'boolean', default: false } as const
  const string = { type: 'string' } as const
  try {
    const options = {
      quick: boolean,
      only: string,
      rounds: string,
      against: string,
      check: boolean,
      write: boolean,
    }
    const { values } = parseArgs({ args: [...args], options })
    return { ...values, against: values.against }
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
