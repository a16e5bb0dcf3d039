import { names } from './measures/requests.ts'
import type { Result } from './result.ts'
import type { Figure } from './rounds.ts'
import { medianRatio } from './statistics.ts'
import { ratioOf, targetsOf } from './targets.ts'

type Cell = string | number

/** A result as Markdown, part by part, for the terminal and for docs/performance.md. */
export function tables(result: Result): string {
  const { about, requests, connections, workers, sessions, routes, bodies, starts, storage } = result
  const ratio = (name: string) => ratioOf(result, name, names.bare)?.toFixed(2) ?? ''
  const parts = [
    `${about.date}, commit ${about.revision}, \`${about.command}\`; ${about.machine}; Node ${about.node.slice(1)}; load by
${about.generator}, medians of ${about.rounds} rounds in turns.\n`,
    table(
      'Targets',
      ['what', 'against', 'target', 'measured', ''],
      targetsOf(result).map(({ what, against, target, ratio: value, isMet }) => [
        what,
        against,
        target,
        value.toFixed(2),
        isMet ? 'met' : '**missed**',
      ]),
    ),
    table(
      'A request, 32 connections',
      ['', 'CPU, µs', 'to the bare proxy', 'requests/s', 'p50, ms', 'p99, ms'],
      requests?.map((each) => [each.name, micros(each), ratio(each.name), ...load(each)]),
    ),
    ...(connections ?? []).map((level) =>
      table(
        `Over ${level.connections} ${level.connections === 1 ? 'connection' : 'connections'}`,
        ['', 'CPU, µs', 'requests/s', 'p50, ms', 'p99, ms'],
        level.figures.map((each) => [each.name, micros(each), ...load(each)]),
      ),
    ),
    table(
      'Workers',
      ['BFF_WORKERS', 'CPU, µs', 'requests for each second of CPU of the busiest', 'requests/s here'],
      workers?.map((each) => [
        each.workers,
        each.micros.toFixed(0),
        count(each.capacity),
        count(each.perSecond),
      ]),
    ),
    table(
      'By the number of sessions',
      ['storage', 'sessions', 'visitors in turns', 'CPU, µs'],
      sessions?.map((each) => [
        each.storage,
        count(each.sessions),
        count(each.visitors),
        each.micros.toFixed(0),
      ]),
    ),
    table(
      'By the number of routes',
      ['', 'CPU, µs'],
      routes?.map((each) => [each.name, micros(each)]),
    ),
    table(
      'By the size of the answer',
      ['bytes', '', 'CPU, ms', 'more memory at most, MB'],
      bodies?.map((each) => [
        count(each.bytes),
        each.name,
        each.milliseconds.toFixed(3),
        each.growth.toFixed(0),
      ]),
    ),
    table(
      'Start and memory',
      ['', 'serves after, ms', 'idle, MB', 'after load, MB'],
      starts?.map((each) => [each.name, each.start.toFixed(0), each.idle.toFixed(0), each.loaded.toFixed(0)]),
    ),
    table(
      'A session in storage',
      ['storage', 'bytes'],
      storage?.map((each) => [each.storage, count(each.bytesPerSession)]),
    ),
  ]
  return `\n${parts.filter(Boolean).join('\n')}`
}

/** Each of our requests against the same one of the other revision, round by round. */
export function comparison({ requests = [] }: Result, against: string): string {
  const rows = requests.flatMap((now) => {
    const before = requests.find(({ name }) => name === `${now.name} at ${against}`)
    if (!before) return []
    return [[now.name, micros(before), micros(now), medianRatio(now.rounds, before.rounds).toFixed(3)]]
  })
  return `\n${table(`Against ${against}`, ['', 'there, µs', 'here, µs', 'ratio'], rows)}`
}

function table(
  title: string,
  head: readonly string[],
  rows: readonly (readonly Cell[])[] | undefined,
): string {
  if (!rows || rows.length === 0) return ''
  const lines = [
    head,
    head.map((_, column) => (typeof rows[0]?.[column] === 'string' && column === 0 ? '---' : '---:')),
    ...rows,
  ]
  return `### ${title}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`
}

const micros = ({ micros: value }: Figure) => value.toFixed(0)
const load = ({ perSecond, p50, p99 }: Figure) => [count(perSecond), p50.toFixed(1), p99.toFixed(1)]
const count = (value: number) => Math.round(value).toLocaleString('en')
