import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { barChart, lineChart } from '../bench/chart.ts'
import { attribute, elements, textIn } from './support/browser.ts'
import { launchChromium } from './support/chromium.ts'

const hostile = '</text><script>alert("1")</script> & \'<'
const ofClass = (svg: string, element: string, name: string) =>
  elements(svg, element).filter((each) => attribute(each, 'class')?.split(' ').includes(name))
const textsOf = (svg: string, name: string) => ofClass(svg, 'text', name).map(textIn)

const bars = barChart({
  title: 'A proxied request',
  unit: 'µs',
  bars: [
    { label: 'one', value: 1183 },
    { label: 'two', value: 30.4, ours: true },
    { label: 'three', value: 2.94 },
    { label: 'four', value: 0 },
  ],
})
const rects = elements(bars, 'rect').slice(1)
const lengths = rects.map((rect) => Number(attribute(rect, 'width')))

describe('a bar chart', () => {
  test('has the bars in the order given, with lengths in the proportion of the values', () => {
    const [longest = 0, ...shorter] = lengths
    expect(shorter.map((length) => (length / longest) * 1183)).toEqual([
      expect.closeTo(30.4, 1),
      expect.closeTo(2.94, 1),
      0,
    ])
  })

  test('says each value at the end of its bar, with a decimal only where it counts', () => {
    expect(textsOf(bars, 'value')).toEqual(['1,183', '30', '2.9', '0'])
    const ends = ofClass(bars, 'text', 'value').map((each) => Number(attribute(each, 'x')))
    for (const [index, end] of ends.entries()) expect(end).toBeGreaterThan(24 + (lengths[index] ?? 0))
  })

  test('has our own bar and value in the accent colour, and no other', () => {
    expect(rects.map((rect) => attribute(rect, 'style')?.includes('--ours'))).toEqual([
      false,
      true,
      false,
      false,
    ])
    expect(ofClass(bars, 'text', 'our').map(textIn)).toEqual(['two', '30'])
  })

  test('says everything to who does not see it', () => {
    expect(textIn(elements(bars, 'desc')[0] ?? expect.fail())).toBe(
      'µs. one: 1,183; two: 30; three: 2.9; four: 0.',
    )
  })
})

const line = (...values: (number | undefined)[]) =>
  lineChart({
    title: 'Cost',
    unit: 'µs',
    xLabel: 'sessions',
    x: values.map((_, index) => `${10 ** index}`),
    lines: [{ label: 'one', values }],
  })

describe('a line chart', () => {
  test.each([
    [[3, 7], '0 2 4 6 8'],
    [[400, 100], '0 100 200 300 400'],
    [[318, 322], '0 100 200 300 400'],
    [[4900, 1100], '0 1,000 2,000 3,000 4,000 5,000'],
    [[11, 1], '0 5 10 15'],
    [[0.3, 0.1], '0 0.1 0.2 0.3'],
    [[0.21, 0.1], '0 0.05 0.1 0.15 0.2 0.25'],
    [[0, 0], '0 1'],
  ])('of %j begins at 0 and ends at the first round number that is not below them: %s', (values, ticks) => {
    expect(textsOf(line(...values), 'end').join(' ')).toBe(ticks)
  })

  test('has a gap, not a 0, where nothing was measured', () => {
    const [curve] = ofClass(line(1, 2, undefined, 3, undefined, 4), 'path', 'line')
    expect(attribute(curve ?? expect.fail(), 'd')?.replaceAll(/[\d. ]+/g, '')).toBe('MLMM')
    expect(elements(line(1, undefined, 3), 'circle')).toHaveLength(2)
  })

  test('leaves out a line of which nothing was measured', () => {
    const lines = [
      { label: 'one', values: [undefined, undefined] },
      { label: 'two', values: [1, 2] },
    ]
    const svg = lineChart({ title: 'Cost', unit: 'µs', xLabel: 'sessions', x: ['1', '2'], lines })
    expect(textsOf(svg, 'name')).toEqual(['two'])
  })
})

const x = ['1', '10', '100', '1,000', '10,000', '100,000', '1,000,000']
const many = ['Cloakroom', 'Apache, mod_auth_openidc, cookie', 'express-openid-connect', 'nginx', 'bare Node']
const frameOf = { title: 'What a proxied request costs, by how many ask at the same time', unit: 'µs' }
const charts: [string, string][] = [
  ['bars', bars],
  [
    'bars with long labels, notes and values',
    barChart({
      ...frameOf,
      bars: [
        {
          label: 'Cloakroom with a TOKEN GUARD that is on',
          value: 888_888_888,
          note: 'kept in SQLite on a disk',
          ours: true,
        },
        {
          label: 'express-openid-connect with http-proxy-middleware',
          value: 4,
          note: 'a session in a cookie',
        },
      ],
    }),
  ],
  ['no bars', barChart({ ...frameOf, bars: [] })],
  ['bars of nothing', barChart({ ...frameOf, bars: [{ label: 'one', value: 0 }] })],
  [
    'lines that all end at the same place',
    lineChart({
      ...frameOf,
      xLabel: 'sessions',
      x,
      lines: many.map((label) => ({ label, values: x.map(() => 7) })),
    }),
  ],
  [
    'lines that all end at 0',
    lineChart({
      ...frameOf,
      xLabel: 'sessions',
      x,
      lines: many.map((label) => ({ label, values: x.map(() => 0) })),
    }),
  ],
  [
    'one line with a short name and long categories',
    lineChart({
      ...frameOf,
      xLabel: 'sessions',
      x: ['10,000,000', '100,000,000'],
      lines: [{ label: 'I', values: [1, 2] }],
    }),
  ],
  [
    'a line with a name of four lines that ends at the top, below a long unit',
    lineChart({
      title: 'Cost',
      unit: 'Requests a second; the more of them the better',
      xLabel: 'connections',
      x: ['1', '4'],
      lines: [{ label: 'Apache, mod_auth_openidc, shared memory, on another machine', values: [1, 10] }],
    }),
  ],
  [
    'more categories than a telephone has room for',
    lineChart({
      ...frameOf,
      xLabel: 'day',
      x: x.map((_, day) => `2026110${day}`),
      lines: [{ label: 'I', values: x.map(() => 1) }],
    }),
  ],
  [
    'long categories at both ends',
    lineChart({
      ...frameOf,
      xLabel: 'how it is asked',
      x: ['all at once, at the start', 'one after the other, by one'],
      lines: [{ label: 'I', values: [1, 2] }],
    }),
  ],
  ['no line', lineChart({ ...frameOf, xLabel: 'sessions', x, lines: [] })],
  ['one category', line(5)],
]

describe.each(charts)('%s', (_name, svg) => {
  let chromium: Browser
  beforeAll(async () => {
    chromium = await launchChromium()
  })
  afterAll(() => chromium.close())

  test('stand where there is a place', () => {
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })

  test.each([1000, 700, 390])('no text is cut off or covers another at a width of %i', async (width) => {
    const page = await chromium.newPage({ viewport: { width, height: 900 } })
    await page.setContent(`<body style="margin:0">${svg}`)
    const boxes = await page.evaluate<Box[]>(`[...document.querySelectorAll('text')]
      .map((each) => ({ ...each.getBoundingClientRect().toJSON(), text: each.textContent }))
      .filter((box) => box.width > 0)`)
    expect(boxes.length).toBeGreaterThan(1)
    for (const [index, box] of boxes.entries()) {
      expect([box.text, box.left >= 4, box.right <= width - 4]).toEqual([box.text, true, true])
      for (const other of boxes.slice(index + 1)) {
        expect([box.text, other.text, cover(box, other)]).toEqual([box.text, other.text, false])
      }
    }
    await page.close()
  })
})

type Box = Readonly<Record<'left' | 'right' | 'top' | 'bottom', number>> & { readonly text: string }

/** A line of text is not as high as its box. */
const cover = (one: Box, other: Box) =>
  Math.min(one.right, other.right) > Math.max(one.left, other.left) &&
  Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 3

test('what a text says stays text', () => {
  const bar = barChart({ title: hostile, unit: hostile, bars: [{ label: hostile, value: 1, note: hostile }] })
  const values = [1]
  const lines = lineChart({
    title: hostile,
    unit: hostile,
    xLabel: hostile,
    x: [hostile],
    lines: [{ label: hostile, values }],
  })
  for (const svg of [bar, lines]) {
    expect(elements(svg, 'script')).toEqual([])
    expect(textIn(elements(svg, 'title').at(-1) ?? expect.fail())).toBe(hostile)
    expect(elements(svg, 'text').map(textIn).join(' ')).toContain('alert("1")</script>')
  }
})
