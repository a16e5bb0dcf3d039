import { randomUUID } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../../node_modules/.cache/proof')

/** What one test file has recorded and searched. */
export class Figures {
  /** Tests in which anything went through. */
  flows = 0
  tests = 0
  requests = 0
  toBrowser = 0
  toGateway = 0
  notKept = 0
  logs = 0
  storage = 0
  found = 0
  seconds = 0
  planted = 0
  killed = 0
  needles: Record<string, number> = {}
  exceptions: Record<string, number> = {}
}

export function writeFigures(figures: Figures): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify(figures))
}

export const forgetFigures = () => rmSync(folder, { recursive: true, force: true })

/** Of all files together; numbers are added up, those by name as well. */
export function readFigures(): Figures {
  const sum = new Figures()
  for (const file of globSync(join(folder, '*.json'))) addTo(sum, JSON.parse(readFileSync(file, 'utf8')))
  return sum
}

function addTo(sum: object, more: object): void {
  for (const [name, value] of Object.entries(more)) {
    const before = Reflect.get(sum, name)
    if (typeof value === 'number') Reflect.set(sum, name, (before ?? 0) + value)
    else addTo(before, value)
  }
}

const number = (value: number) => value.toLocaleString('en')
const bytes = (value: number) => `${number(Math.ceil(value / 1000))} kB`
const byName = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, count]) => [`  ${name}`, number(count)] as const)

/** As it stands at the end of a run. */
export function table(figures: Figures): string {
  const needles = Object.values(figures.needles).reduce((sum, count) => sum + count, 0)
  const rows: (readonly [string, string])[] = [
    ['flows recorded', `${number(figures.flows)} (of ${number(figures.tests)} tests)`],
    ['requests', number(figures.requests)],
    ['to the browser', bytes(figures.toBrowser)],
    ['to the gateway', bytes(figures.toGateway)],
    ['  of which too much to be kept', bytes(figures.notKept)],
    ['logs of gateway and API', bytes(figures.logs)],
    ['files of the storage', bytes(figures.storage)],
    ['time it took to search them', `${figures.seconds.toFixed(1)} s`],
    ['needles', number(needles)],
    ...byName(figures.needles),
    ['found where none may be', number(figures.found)],
    ['seen where they have to be', ''],
    ...byName(figures.exceptions),
    ['planted leaks killed', `${number(figures.killed)} of ${number(figures.planted)}`],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    '',
    'No token reaches the browser',
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`.trimEnd()),
    '',
  ].join('\n')
}
