import { textWidth, textWidthOnDesk } from './chart-frame.ts'

/** Round numbers from 0 to the first that is not below the highest value: three to six of them. */
export function ticksUpTo(highest: number): number[] {
  if (highest <= 0) return [0, 1]
  const power = 10 ** Math.floor(Math.log10(highest / 4))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => highest / each <= 5) ?? power
  return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, index) => index * step)
}

interface Wanted {
  /** Where the middle of a label would best be. */
  readonly y: number
  readonly height: number
}

/** The labels with their middles, moved apart so that none covers another and all are between the heights, if they fit. */
export function spread<L extends Wanted>(labels: readonly L[], top: number, bottom: number) {
  let free = top
  const pushed = labels
    .toSorted((a, b) => a.y - b.y)
    .map((label) => {
      const middle = Math.max(label.y, free + label.height / 2)
      free = middle + label.height / 2
      return { ...label, middle }
    })
  free = bottom
  // Those that were pushed out at the bottom push back.
  for (const label of pushed.toReversed()) {
    label.middle = Math.min(label.middle, free - label.height / 2)
    free = label.middle - label.height / 2
  }
  return pushed
}

/**
 * How the categories under a line chart are shown: everywhere, on a desk only, or (undefined) not at all, because their
 * neighbours need the room. The last is always there, and from it every second, fourth or eighth.
 */
export function shownCategories(x: readonly string[], spacing: number): (string | undefined)[] {
  const every = (measure: (category: string) => number) => {
    const fits = (step: number) =>
      x.every((category, index) => {
        const next = x[index + step]
        const isShown = (x.length - 1 - index) % step === 0
        return !isShown || next === undefined || (measure(category) + measure(next)) / 2 + 8 <= step * spacing
      })
    return [1, 2, 4, 8].find(fits) ?? 16
  }
  const onTelephone = every((category) => textWidth(category, 'small'))
  const onDesk = every(textWidthOnDesk)
  return x.map((_, index) => {
    const fromLast = x.length - 1 - index
    if (fromLast % onTelephone === 0) return ''
    return fromLast % onDesk === 0 ? 'desk' : undefined
  })
}
