import { describe, expect, test } from 'vitest'
import { growths } from '../bench/check.ts'
import { names } from '../bench/measures/requests.ts'
import { readOptions, UsageError } from '../bench/options.ts'
import { comparison, tables } from '../bench/report.ts'
import type { Result } from '../bench/result.ts'
import type { Figure } from '../bench/rounds.ts'
import { median, medianRatio } from '../bench/statistics.ts'
import { targetsOf } from '../bench/targets.ts'
import { Command } from './support/command.ts'

const figure = (name: string, ...rounds: number[]): Figure => ({
  name,
  micros: median(rounds),
  rounds,
  perSecond: 4000,
  p50: 7.123,
  p99: 20,
})

const result = (requests: readonly Figure[], more: Partial<Result> = {}): Result => ({
  about: {
    date: '2026-11-27',
    revision: 'abc1234',
    command: 'npm run bench',
    machine: '2 × a processor',
    node: 'v26.10.0',
    generator: 'wrk',
    rounds: 3,
  },
  requests,
  ...more,
})

describe('a median', () => {
  test('is the middle of the sorted values', () => expect(median([10, 9, 100])).toBe(10))
  test('of nothing is an error', () => expect(() => median([])).toThrow())
  test('of ratios compares what was measured in the same round', () => {
    // A neighbour that has doubled both in one round changes nothing.
    expect(medianRatio([20, 40, 21], [10, 20, 10])).toBe(2)
  })
})

describe('the options', () => {
  test('are those of the whole run, or of the quick one', () => {
    expect(readOptions([])).toMatchObject({ quick: false, rounds: 9, check: false, write: false })
    expect(readOptions([]).only).toContain('bodies')
    expect(readOptions(['--quick'])).toMatchObject({ quick: true, rounds: 5, only: ['requests'] })
    expect(readOptions(['--only', 'bodies,workers', '--rounds', '7'])).toMatchObject({
      only: ['workers', 'bodies'],
      rounds: 7,
    })
  })
  test.each([
    [['--only', 'body']],
    [['--rounds', '0']],
    [['--rounds', 'many']],
    [['--fast']],
    [['--write', '--quick']],
    [['--check', '--only', 'routes']],
  ])('that make no sense are refused: %j', (args) => {
    expect(() => readOptions(args)).toThrow(UsageError)
  })
})

describe('the check', () => {
  const recorded = result([figure(names.bare, 100), figure(names.sqlite, 200), figure(names.page, 300)])
  test('finds nothing when a machine is slower as a whole', () => {
    const now = result([figure(names.bare, 300), figure(names.sqlite, 700), figure(names.page, 900)])
    expect(growths(now, recorded)).toEqual([])
  })
  test('finds what costs more than 1.25 times what is on record, as a ratio to the bare proxy', () => {
    const now = result([figure(names.bare, 300), figure(names.sqlite, 751), figure(names.page, 1124)])
    expect(growths(now, recorded).map(({ name }) => name)).toEqual([names.sqlite])
  })
  test('says nothing of what only one of the two runs has', () => {
    const now = result([figure(names.bare, 100), figure(names.redis, 900), figure(names.sqlite, 200)])
    expect(growths(now, recorded)).toEqual([])
  })
})

describe('the targets', () => {
  test('are met or missed by the ratio of what was measured in the same rounds', () => {
    const targets = targetsOf(
      result([
        figure(names.express, 100, 200, 100),
        figure(names.sqlite, 110, 220, 300),
        figure(names.page, 300, 600, 300),
      ]),
    )
    expect(targets.map(({ what, isMet }) => [what, isMet])).toEqual([
      ['proxied request, session in SQLite', true],
      ['page with a message, logged in', false],
    ])
    expect(targets[0]?.ratio).toBeCloseTo(1.1)
  })
  test('of workers go by what the busiest of them could serve', () => {
    const workers = [
      { workers: 1, micros: 200, capacity: 5000, perSecond: 3000 },
      { workers: 2, micros: 210, capacity: 8900, perSecond: 3100 },
    ]
    expect(targetsOf(result([], { workers }))).toMatchObject([{ ratio: 1.78, isMet: false, target: '≥ 1.8' }])
  })
})

describe('the tables', () => {
  const both = result([
    figure(names.bare, 100),
    figure(names.sqlite, 150),
    figure(`${names.sqlite} at HEAD`, 300),
  ])
  test('have a row for each figure, and none without figures', () => {
    expect(tables(both)).toContain(`| ${names.sqlite} | 150 | 1.50 | 4,000 | 7.1 | 20.0 |`)
    expect(tables(both)).not.toContain('### Workers')
  })
  test('compare two commits request by request', () => {
    expect(comparison(both, 'HEAD')).toContain(`| ${names.sqlite} | 300 | 150 | 0.500 |`)
    expect(comparison(both, 'HEAD')).not.toContain(names.bare)
  })
})

describe('the command', () => {
  test('says what it can do when it is asked for something else', async () => {
    await using command = new Command('node bench/main.ts --only nothing 2>&1')
    expect(await command.ended()).toBe(2)
    expect(command.output).toContain('There is no nothing')
    expect(command.output).toContain('npm run bench -- [options]')
  })
  test('knows no commit that is none', async () => {
    await using command = new Command('node bench/main.ts --quick --against no-such-commit 2>&1')
    expect(await command.ended()).toBe(2)
    expect(command.output).toContain('There is no commit no-such-commit')
  })
})
