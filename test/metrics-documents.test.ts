import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { type Metrics, scrape } from './support/metrics.ts'
import { freePorts } from './support/ports.ts'
import { type Stack, startStack } from './support/stack.ts'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly datasource?: { readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[]
}

/** By a variable of the dashboard. */
const isChosen = /^\$\{datasource\}$/

const read = (file: string) => readFileSync(join(import.meta.dirname, '../docs', file), 'utf8')
const dashboard = JSON.parse(read('grafana-dashboard.json')) as {
  readonly schemaVersion: number
  readonly panels: readonly Panel[]
}
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
const queried = new Set(
  queries.flatMap((expr) => [...expr.matchAll(/([a-z_0-9]+)\{/g)].map(([, name = '']) => name)),
)

let stack: Stack
let gateway: Metrics
let api: Metrics
beforeAll(async () => {
  const [bffPort = 0, apiPort = 0] = await freePorts(2)
  stack = await startStack({ BFF_METRICS_PORT: String(bffPort), API_METRICS_PORT: String(apiPort) })
  const user = new Browser(stack.baseUrl)
  await user.login('user@example.com')
  await user.open('/admin')
  gateway = await scrape(stack.bff, bffPort)
  api = await scrape(stack.api, apiPort)
})
afterAll(() => stack[Symbol.asyncDispose]())

/** The names and kinds of a program's metrics, as it says them. */
const typesOf = ({ text }: Metrics) =>
  new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
const ours = (metrics: Metrics) =>
  [...typesOf(metrics).keys()].filter((name) => /^(cloakroom|http_server)_/.test(name)).toSorted()
const labelsOf = (metrics: Metrics, name: string) => {
  const sample = metrics.samples.find((each) => each.name === name || each.name === `${name}_count`)
  return Object.keys(sample?.labels ?? {})
}

describe('the dashboard', () => {
  test('asks for no metric that there is not', () => {
    const there = new Set([...gateway.samples, ...api.samples].map(({ name }) => name))
    expect([...queried].filter((name) => !there.has(name))).toEqual([])
    expect(queried.size).toBeGreaterThan(15)
  })

  test('asks for no label that a metric does not have', () => {
    for (const expr of queries) {
      const [, name = ''] = /([a-z_0-9]+)\{/.exec(expr) ?? []
      const labels = [gateway, api].flatMap((metrics) =>
        metrics.samples
          .filter((sample) => sample.name === name)
          .flatMap((sample) => Object.keys(sample.labels)),
      )
      const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '))
      for (const label of grouped)
        expect([expr, ['job', 'instance', ...labels]]).toEqual([expr, expect.arrayContaining([label])])
    }
  })

  test('shows every metric of ours', () => {
    for (const name of new Set([...ours(gateway), ...ours(api)])) {
      const type = typesOf(gateway).get(name) ?? typesOf(api).get(name)
      expect([name, queried.has(type === 'histogram' ? `${name}_count` : name)]).toEqual([name, true])
    }
  })

  test('is of a form that Grafana takes: the data source is chosen, and no panel covers another', () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(42)
    const places = new Set<string>()
    for (const { type, title, datasource, gridPos, targets = [] } of dashboard.panels) {
      if (type !== 'row') expect(datasource?.uid, title).toMatch(isChosen)
      for (const target of targets) expect(target.datasource.uid, title).toMatch(isChosen)
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true])
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, places.has(`${x} ${y}`)]).toEqual([title, false])
          places.add(`${x} ${y}`)
        }
      }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
  })
})

test('the table in docs/operation.md names every metric, its labels and who has it, and no other', () => {
  const rows = read('operation.md').matchAll(
    /^\| `((?:cloakroom|http_server)_\w+)` \| *([^|]*?) *\| (\w+) \|/gm,
  )
  const written = [...rows].map(([, name = '', labels = '', of = '']) => {
    const names = [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label)
    return [name, { labels: new Set(names), of }] as const
  })
  const real = [...new Set([...ours(gateway), ...ours(api)])].map((name) => {
    const [atGateway, atApi] = [gateway, api].map((metrics) => ours(metrics).includes(name))
    const labels = labelsOf(atGateway ? gateway : api, name).filter((label) => label !== 'le')
    const of = atGateway && atApi ? 'both' : atApi ? 'API' : 'gateway'
    return [name, { labels: new Set(labels), of }] as const
  })
  expect(new Map(written)).toEqual(new Map(real))
})
