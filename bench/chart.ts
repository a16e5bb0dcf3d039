import {
  at,
  curve,
  escaped,
  formatted,
  frame,
  lineHeight,
  margin,
  nameHeight,
  palette,
  text,
  textWidth,
  widest,
  width,
  wrap,
} from './chart-frame.ts'
import { shownCategories, spread, ticksUpTo } from './chart-places.ts'

interface Bar {
  readonly label: string
  readonly value: number
  /** Said more quietly, behind the label. */
  readonly note?: string
  readonly ours?: boolean
}

interface Bars {
  readonly title: string
  readonly unit: string
  readonly bars: readonly Bar[]
}

/** Horizontal bars in the order given, each under its label, with its value behind it. The result is an SVG document. */
export function barChart({ title, unit, bars }: Bars): string {
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  const values = widest(
    bars.map(({ value }) => formatted(value)),
    'strong',
  )
  const space = width - 2 * margin - values - 8
  const description = bars.map(({ label, value, note }) =>
    [label, note && ` (${note})`, `: ${formatted(value)}`].join(''),
  )
  const draw = (top: number) => {
    let y = top - 6
    const rows = bars.map(({ label, value, note, ours }) => {
      const lines = linesOf(label, note, ours ? 'strong' : 'text')
      const labels = lines.map((line, index) =>
        text(line, margin, y + lineHeight * (index + 1), ours ? 'our' : ''),
      )
      const bar = y + lineHeight * lines.length + 9
      const length = (value / longest) * space
      y = bar + 18 + 8
      return `${labels.join('')}
<rect x="${margin}" y="${at(bar)}" width="${at(length)}" height="18" rx="2" style="fill:var(--${ours ? 'ours' : 'bar'})"/>
${text(formatted(value), margin + length + 8, bar + 9, `value${ours ? ' our' : ''}`)}`
    })
    return { body: rows.join('\n'), bottom: y - 8 }
  }
  return frame({ title, unit, description: `${unit}. ${description.join('; ')}.`, draw })
}

/** A label with its note behind it, or below it where both do not fit into one line. */
function linesOf(label: string, note: string | undefined, kind: 'strong' | 'text'): string[] {
  const space = width - 2 * margin
  const labels = wrap(label, space, kind).map(escaped)
  if (note === undefined) return labels
  const quiet = (line: string) => `<tspan class="soft" style="font-weight:400">${escaped(line)}</tspan>`
  const isShort = textWidth(`${label}  `, kind) + textWidth(note) <= space
  return isShort ? [`${escaped(label)}&#160; ${quiet(note)}`] : [...labels, ...wrap(note, space).map(quiet)]
}

interface Line {
  readonly label: string
  /** One for each of `x`; undefined where nothing was measured. */
  readonly values: readonly (number | undefined)[]
}

interface Lines {
  readonly title: string
  readonly unit: string
  readonly xLabel: string
  readonly x: readonly string[]
  readonly lines: readonly Line[]
}

/**
 * Lines over categories, from 0 up, each with its label at its end; the first is in the accent colour. A line without
 * any value is left out. The result is an SVG document.
 */
export function lineChart({ title, unit, xLabel, x, lines }: Lines): string {
  const measured = lines
    .filter(({ values }) => values.some(isNumber))
    .map((line) => ({ ...line, name: wrap(line.label, 190, 'small') }))
  const names = measured.flatMap(({ name }) => name)
  const ticks = ticksUpTo(Math.max(0, ...measured.flatMap(({ values }) => values.filter(isNumber))))
  // The first and the last category reach out of the plot by half their width.
  const overhang = (category = '') => margin / 2 + textWidth(category, 'small') / 2
  const left = Math.max(margin + widest(ticks.map(formatted), 'small') + 10, overhang(x[0]) - 8)
  const right = width - Math.max(margin + widest(names, 'small') + 26, overhang(x.at(-1)) - 8)
  const height = Math.max(280, names.length * nameHeight + measured.length * 8)
  const spacing = (right - left - 16) / Math.max(x.length - 1, 1)
  const placeX = (index: number) => left + 8 + index * spacing

  const draw = (start: number) => {
    const top = start + 10
    const bottom = top + height
    const placeY = (value: number) => bottom - (value / (ticks.at(-1) ?? 1)) * height
    const grid = ticks.map((tick) => {
      const y = placeY(tick)
      const line = `<path class="grid${tick === 0 ? ' zero' : ''}" d="M${at(left)} ${at(y)}H${at(right)}"/>`
      return line + text(formatted(tick), left - 10, y, 'small soft end')
    })
    const categories = shownCategories(x, spacing).flatMap((kind, index) =>
      kind === undefined
        ? []
        : [text(escaped(x[index] ?? ''), placeX(index), bottom + 26, `small soft middle ${kind}`)],
    )
    const under = bottom + 26 + lineHeight + 4
    const caption = text(escaped(xLabel), (left + right) / 2, under, 'small middle')
    const curves = measured.map(({ name, values }, index) => {
      const points = values.map((value, place) =>
        isNumber(value) ? { x: placeX(place), y: placeY(value) } : undefined,
      )
      const end = points.findLast((point) => point !== undefined) ?? { x: right, y: bottom }
      return { index, name, points, ...end, height: name.length * nameHeight + 8 }
    })
    const drawn = spread(curves, top - 16, bottom + 16).map(({ index, name, points, x: endX, y, middle }) => {
      const first = middle - ((name.length - 1) * nameHeight) / 2
      const rows = name.map((row, place) =>
        text(escaped(row), right + 26, first + place * nameHeight, 'small name'),
      )
      const lead = `<path class="lead" d="M${at(endX + 8)} ${at(y)}L${at(right + 20)} ${at(middle)}"/>`
      return `<g class="c${index % palette.length}">${curve(points)}${lead}${rows.join('')}</g>`
    })
    return { body: [...grid, ...categories, caption, ...drawn].join('\n'), bottom: under + 4 }
  }

  const told = measured.map(({ label, values }) => {
    const points = values.flatMap((value, place) =>
      isNumber(value) ? [`${x[place]}: ${formatted(value)}`] : [],
    )
    return `${label}: ${points.join(', ')}`
  })
  return frame({ title, unit, description: `${unit}, by ${xLabel}. ${told.join('; ')}.`, draw })
}

const isNumber = (value: number | undefined): value is number => value !== undefined
