import { describe, expect, test } from 'vitest'
import { sessionStatus } from '../bff/pages/session-status.ts'
import { clockTime, timeAgo } from '../bff/pages/times.ts'
import { browserOf } from '../bff/pages/your-sessions.ts'

const noon = Date.UTC(2026, 0, 31, 12)
const seconds = (count: number) => count * 1000

describe('how long a session lasts', () => {
  const status = (left: number, rest = 36_000, idle = 1800) =>
    sessionStatus({ expiresAt: noon + seconds(left), endsAt: noon + seconds(rest) }, idle, noon)

  test.each([
    ['fresh', 1800, false, 1680],
    ['a second before the warning', 121, false, 1],
    ['at the warning', 120, true, 120],
    ['in the last second', 0.2, true, 1],
    ['over', -5, true, 1],
  ])('is looked at again in time: %s', (_when, left, endsSoon, askAgainIn) => {
    expect(status(left)).toMatchObject({ endsSoon, askAgainIn })
  })

  test.each([
    [360, 121, false],
    [360, 120, true],
    [60, 21, false],
    [60, 20, true],
  ])('with %d idle seconds and %d left is warned about: %s', (idle, left, endsSoon) => {
    expect(status(left, 36_000, idle).endsSoon).toBe(endsSoon)
  })

  test('is final once nothing makes it longer', () => {
    expect([status(1800, 1800).isFinal, status(1800, 1801).isFinal]).toEqual([true, false])
  })

  // Longer ones overflow in a browser, and ring at once and for ever.
  test('is looked at once a day at least', () => {
    expect(status(40 * 86_400, 40 * 86_400, 40 * 86_400).askAgainIn).toBe(86_400)
  })

  test('is said to people and to programs', () => {
    const { until, atTheLatest } = status(1800, 43_200)
    expect(until).toEqual({ text: '12:30 UTC', iso: '2026-01-31T12:30:00.000Z' })
    expect(atTheLatest).toEqual({ text: '1 Feb, 00:00 UTC', iso: '2026-02-01T00:00:00.000Z' })
  })
})

test.each([
  [noon, '12:00 UTC'],
  [noon + seconds(43_199), '23:59 UTC'],
  [noon + seconds(43_200), '1 Feb, 00:00 UTC'],
  [noon - seconds(43_201), '30 Jan, 23:59 UTC'],
])('a time of day is said with the date when that is another: %d', (at, text) => {
  expect(clockTime(at, noon)).toBe(text)
})

test.each([
  [-5, 'just now'],
  [0, 'just now'],
  [59, 'just now'],
  [60, '1 minute ago'],
  [119, '1 minute ago'],
  [3599, '59 minutes ago'],
  [3600, '1 hour ago'],
  [86_399, '23 hours ago'],
  [86_400, '1 day ago'],
  [30 * 86_400, '30 days ago'],
])('%d seconds ago is %s', (past, text) => {
  expect(timeAgo(noon - seconds(past), noon)).toBe(text)
})

const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
test.each([
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/142.0.0.0 Safari/537.36`, 'Chrome on Windows'],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`,
    'Microsoft Edge on Windows',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
    'Safari on iOS',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0',
    'Firefox on macOS',
  ],
  [`Mozilla/5.0 (Linux; Android 10; K) ${webkit} Chrome/142.0.0.0 Mobile Safari/537.36`, 'Chrome on Android'],
  ['', 'Unknown browser'],
  ['\u0000\ud83e\udde5 <script>', 'Unknown browser'],
  ['x'.repeat(256), 'Unknown browser'],
])('the browser that says %j is shown as %s', (userAgent, text) => {
  expect(browserOf(userAgent)).toBe(text)
})
