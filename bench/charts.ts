import { barChart, lineChart } from './chart.ts'
import { names } from './measures/requests.ts'
import type { Result } from './result.ts'

/** The pictures of a result, SVG by name, those that there are figures for. */
export function charts({ requests, connections, bodies, sessions }: Result): Record<string, string> {
  const drawn: Record<string, string> = {}
  const proxies: readonly string[] = [
    names.nginx,
    names.bare,
    names.express,
    names.apache,
    names.apacheCookie,
    names.naive,
    names.sqlite,
    names.redis,
  ]
  const bars = requests
    ?.filter(({ name }) => proxies.includes(name))
    .toSorted((one, other) => one.micros - other.micros)
    .map(({ name, micros }) => ({
      label: name,
      value: Math.round(micros),
      ours: name.startsWith('Cloakroom'),
    }))
  if (bars) drawn.requests = barChart({ title: 'A proxied request', unit: 'CPU time, microseconds', bars })
  if (connections) {
    const shown = {
      Cloakroom: names.sqlite,
      mod_auth_openidc: names.apache,
      'Express, no session': names.express,
      'express-openid-connect': names.naive,
    }
    const lines = Object.entries(shown).map(([label, name]) => ({
      label,
      values: connections.map(({ figures }) => figures.find((each) => each.name === name)?.micros),
    }))
    drawn.connections = lineChart({
      title: 'A proxied request by the number of connections',
      unit: 'CPU time, microseconds',
      xLabel: 'connections',
      x: connections.map((each) => String(each.connections)),
      lines: lines.filter(({ values }) => values.some((value) => value !== undefined)),
    })
  }
  if (sessions) {
    const ofFewVisitors = sessions.filter(({ visitors }) => visitors <= 1000)
    const counts = [...new Set(ofFewVisitors.map((each) => each.sessions))]
    drawn.sessions = lineChart({
      title: 'A proxied request by the number of sessions',
      unit: 'CPU time, microseconds',
      xLabel: 'sessions in the storage',
      x: counts.map((count) => count.toLocaleString('en')),
      lines: (['SQLite', 'Redis'] as const).map((storage) => ({
        label: storage,
        values: counts.map(
          (count) =>
            ofFewVisitors.find((each) => each.storage === storage && each.sessions === count)?.micros,
        ),
      })),
    })
  }
  const gigabyte = bodies?.filter(({ bytes }) => bytes === 1e9)
  if (gigabyte) {
    drawn.bodies = barChart({
      title: 'A gigabyte, streamed',
      unit: 'CPU time, seconds',
      bars: gigabyte.map(({ name, milliseconds, growth }) => ({
        label: name,
        value: Number((milliseconds / 1000).toFixed(2)),
        note: `${Math.round(growth)} MB more memory at most`,
        ours: name === 'Cloakroom',
      })),
    })
  }
  return drawn
}
