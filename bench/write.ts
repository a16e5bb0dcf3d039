import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { charts } from './charts.ts'
import { tables } from './report.ts'
import type { Result } from './result.ts'
import { here } from './world.ts'

const docs = join(here, 'docs')
const marks = ['<!-- figures -->', '<!-- end of figures -->'] as const

/** Keeps a result: as JSON, as the tables in the page about it, and as pictures. */
export function writeDocuments(result: Result): void {
  writeFileSync(join(docs, 'performance.json'), `${JSON.stringify(result, rounded, 2)}\n`)
  const page = join(docs, 'performance.md')
  const [before, , after] = readFileSync(page, 'utf8').split(new RegExp(marks.join('|')))
  writeFileSync(page, [before, marks[0], `\n${tables(result)}\n`, marks[1], after].join(''))
  const folder = join(docs, 'performance')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [name, svg] of Object.entries(charts(result))) writeFileSync(join(folder, `${name}.svg`), svg)
}

const rounded = (_name: string, value: unknown) =>
  typeof value === 'number' ? Number(value.toPrecision(5)) : value
