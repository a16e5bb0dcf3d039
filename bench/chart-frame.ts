/** In units of the picture, which is as wide as the page it is on; heights follow from what a chart has to show. */
export const width = 640
export const margin = 24
/**
 * The sizes of text. A picture on a telephone is so small that it needs larger text; all places are made for that, and
 * on a desk the same text is set smaller.
 */
const onTelephone = { text: 22, title: 26, small: 19 } as const
const onDesk = { text: 15, title: 20 } as const
/** Of a character, as a part of the size: rather more than that of any font that a system is likely to have. */
const usual = 0.57
const bold = 0.66
/** From one line of text to the next. */
export const lineHeight = 26
/** The same in the names of lines. */
export const nameHeight = 22

const characters = {
  text: onTelephone.text * usual,
  small: onTelephone.small * usual,
  title: onTelephone.title * bold,
  strong: onTelephone.text * bold,
} as const
type Kind = keyof typeof characters

/** An estimate: which font it will be is not known here. */
export const textWidth = (content: string, kind: Kind = 'text') => content.length * characters[kind]
export const textWidthOnDesk = (content: string) => content.length * onDesk.text * usual
export const widest = (contents: readonly string[], kind: Kind = 'text') =>
  Math.max(0, ...contents.map((content) => textWidth(content, kind)))

/** The text in lines that are no wider than that, broken at blanks. */
export function wrap(text: string, space: number, kind: Kind = 'text'): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word
    if (lines.length > 0 && textWidth(longer, kind) <= space) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

export const formatted = (value: number) =>
  value.toLocaleString('en', value < 10 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 })

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
export const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? '')

/** Two decimals are far below a pixel, and keep a chart that is drawn again the same file. */
export const at = (place: number) => String(Math.round(place * 100) / 100)

export function text(content: string, x: number, y: number, kind = ''): string {
  return `<text${kind && ` class="${kind.trim()}"`} x="${at(x)}" y="${at(y)}">${content}</text>`
}

interface Point {
  readonly x: number
  readonly y: number
}

/** A line of the colour of its group through the points, with a gap where one is missing. */
export function curve(points: readonly (Point | undefined)[]): string {
  const moves = points.map(
    (point, index) => point && `${points[index - 1] ? 'L' : 'M'}${at(point.x)} ${at(point.y)}`,
  )
  const dots = points.map(
    (point) => point && `<circle class="dot" cx="${at(point.x)}" cy="${at(point.y)}" r="4.5"/>`,
  )
  return `<path class="line" d="${moves.join('')}"/>${dots.join('')}`
}

/** Colours of lines, in light and in dark, each readable as text; the first is the accent. */
export const palette = [
  ['#8e1b3a', '#ff9fb2'],
  ['#1c6480', '#7cc9e6'],
  ['#7f5a12', '#e3bd63'],
  ['#5a4796', '#c0afff'],
  ['#37692f', '#98d48f'],
  ['#66564a', '#b9afa4'],
] as const

const shades = (dark: 0 | 1) => palette.map((pair, index) => `.c${index}{--own:${pair[dark]}}`).join('')

const style = `
svg{--sheet:#fffbf3;--ink:#241a16;--soft:#66564a;--line:#e4d9c5;--bar:#a0917d;--ours:#8e1b3a}
${shades(0)}
@media (prefers-color-scheme:dark){
svg{--sheet:#201e29;--ink:#f4ede1;--soft:#b9afa4;--line:#3a3644;--bar:#7d7686;--ours:#ff9fb2}
${shades(1)}
}
text{font:${onDesk.text}px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--ink)}
.title{font-size:${onDesk.title}px;font-weight:650}
.soft{fill:var(--soft)}
.value{font-weight:650;font-variant-numeric:tabular-nums}
.our{font-weight:650}
.value.our{fill:var(--ours)}
.end{text-anchor:end}
.middle{text-anchor:middle}
.value,.end,.name{dominant-baseline:central}
.grid{stroke:var(--line)}
.zero{stroke:var(--soft)}
.line{stroke:var(--own);stroke-width:3;fill:none;stroke-linejoin:round;stroke-linecap:round}
.lead{stroke:var(--own);fill:none}
.dot,.name{fill:var(--own)}
@media (max-width:500px){
text{font-size:${onTelephone.text}px}
.title{font-size:${onTelephone.title}px}
.small{font-size:${onTelephone.small}px}
.desk{display:none}
}
`

interface Frame {
  readonly title: string
  readonly unit: string
  /** What the chart says, for who does not see it. */
  readonly description: string
  /** Draws what is beneath the title, from that height on. */
  readonly draw: (top: number) => { readonly body: string; readonly bottom: number }
}

/** A picture with a ground of its own: the colours of the page around it may not be those of the system. */
export function frame({ title, unit, description, draw }: Frame): string {
  const space = width - 2 * margin
  const titles = wrap(title, space, 'title')
  const units = wrap(unit, space)
  const lines = [
    ...titles.map((line, index) => text(escaped(line), margin, 44 + 30 * index, 'title')),
    ...units.map((line, index) =>
      text(escaped(line), margin, 44 + 30 * titles.length + lineHeight * index, 'soft'),
    ),
  ]
  const { body, bottom } = draw(44 + 30 * titles.length + lineHeight * units.length)
  const height = Math.ceil(bottom + margin)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title text">
<title id="title">${escaped(title)}</title>
<desc id="text">${escaped(description)}</desc>
<style>${style}</style>
<rect width="${width}" height="${height}" rx="14" style="fill:var(--sheet)"/>
${lines.join('\n')}
${body}
</svg>
`
}
