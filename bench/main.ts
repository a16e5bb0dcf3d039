import { existsSync } from 'node:fs'
import { growths, recorded } from './check.ts'
import { measureBodies } from './measures/bodies.ts'
import { measureConnections } from './measures/connections.ts'
import { measureRequests, ourCases } from './measures/requests.ts'
import { measureRoutes } from './measures/routes.ts'
import { measureSessions } from './measures/sessions.ts'
import { measureStarts } from './measures/starts.ts'
import { measureStorage } from './measures/storage.ts'
import { measureWorkers } from './measures/workers.ts'
import { type Options, readOptions, UsageError, usage } from './options.ts'
import { comparison, tables } from './report.ts'
import { newResult, type Result } from './result.ts'
import { checkOut, requireCommit } from './revision.ts'
import { World } from './world.ts'
import { writeDocuments } from './write.ts'

const args = process.argv.slice(2)

/** One part after the other, each with a world of its own: what one has started takes no memory from the next. */
async function measure(options: Options): Promise<Result> {
  const { rounds, quick, against } = options
  const result = newResult(args, rounds)
  const parts: Record<Options['only'][number], (world: World) => Promise<void>> = {
    requests: async (world) => {
      const more =
        against === undefined ? [] : await ourCases(world, checkOut(world, against), ` at ${against}`)
      result.requests = await measureRequests(world, { quick, rounds, more })
    },
    connections: async (world) => {
      result.connections = await measureConnections(world, rounds)
    },
    workers: async (world) => {
      result.workers = await measureWorkers(world, rounds)
    },
    sessions: async (world) => {
      result.sessions = await measureSessions(world, rounds)
    },
    routes: async (world) => {
      result.routes = await measureRoutes(world, rounds)
    },
    bodies: async (world) => {
      result.bodies = await measureBodies(world, Math.min(rounds, 5))
    },
    starts: async (world) => {
      result.starts = await measureStarts(world, rounds)
    },
    storage: async (world) => {
      result.storage = await measureStorage(world)
    },
  }
  for (const name of options.only) {
    process.stderr.write(`measuring ${name} …\n`)
    await using world = await World.open()
    await parts[name](world)
  }
  return result
}

/** Says what has grown in five runs out of five: a neighbour's work must not fail a build. */
async function check(options: Options, result: Result): Promise<number> {
  let grown = growths(result, recorded())
  for (let again = 0; again < 4 && grown.length > 0; again += 1) {
    process.stderr.write(`${grown.map(({ name }) => name).join(', ')}: more than on record; once more …\n`)
    const now = growths(await measure({ ...options, only: ['requests'], rounds: 9 }), recorded())
    grown = now.filter(({ name }) => grown.some((each) => each.name === name))
  }
  for (const { name, recorded: before, now } of grown) {
    process.stdout.write(
      `${name}: ${now.toFixed(2)} times the bare proxy, on record are ${before.toFixed(2)}\n`,
    )
  }
  if (grown.length === 0) process.stdout.write('No request costs 1.25 times what is on record.\n')
  return grown.length === 0 ? 0 : 1
}

async function main(): Promise<number> {
  const options = readOptions(args)
  if (options.against !== undefined) requireCommit(options.against)
  if (!existsSync('/proc/self/schedstat'))
    throw new UsageError('CPU time is read from /proc/PID/schedstat, which is not here')
  const result = await measure(options)
  process.stdout.write(tables(result))
  if (options.against !== undefined) process.stdout.write(comparison(result, options.against))
  if (options.write) writeDocuments(result)
  return options.check ? check(options, result) : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  const isOurs = error instanceof UsageError
  process.stderr.write(isOurs ? `${error.message}\n\n${usage}` : `${String((error as Error).stack)}\n`)
  process.exitCode = 2
}
