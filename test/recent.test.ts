import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createRecent } from '../shared/recent.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index))
const kept = (recent: ReturnType<typeof createRecent<number>>, names: readonly string[]) =>
  names.filter((name) => recent.get(name) !== undefined)

test('what was set is kept until it is deleted, or set anew', () => {
  const recent = createRecent<number>(10)
  recent.set('name', 1)
  recent.set('name', 2)
  expect(recent.get('name')).toBe(2)
  recent.delete('name')
  expect(recent.get('name')).toBeUndefined()
  expect(recent.get('constructor')).toBeUndefined()
})

test('the last ten are kept, and never more than twenty', () => {
  const recent = createRecent<number>(10)
  for (const name of numbers(1000)) recent.set(name, 0)
  const names = kept(recent, numbers(1000).toReversed())
  expect(names).toEqual(expect.arrayContaining(numbers(1000).slice(-10)))
  expect(names.length).toBeLessThan(20)
})

test('what is used again and again outlasts a flood of others', () => {
  const recent = createRecent<number>(10)
  recent.set('ours', 1)
  for (const name of numbers(1000)) {
    recent.set(name, 0)
    expect(recent.get('ours')).toBe(1)
  }
})

test('what is deleted does not come back out of the past', () => {
  const recent = createRecent<number>(10)
  recent.set('name', 1)
  for (const name of numbers(9)) recent.set(name, 0)
  expect(recent.get('name')).toBe(1)
  recent.delete('name')
  expect(recent.get('name')).toBeUndefined()
})

test('what nobody uses is forgotten after a minute, within another one; what is used is not', () => {
  const recent = createRecent<number>(10, 60_000)
  recent.set('left', 1)
  recent.set('used', 1)
  for (let seconds = 0; seconds < 123; seconds += 1) {
    vi.advanceTimersByTime(1000)
    recent.get('used')
  }
  expect([recent.get('left'), recent.get('used')]).toEqual([undefined, 1])
})

test('a clock that is set back does not keep things for ever', () => {
  const recent = createRecent<number>(10, 60_000)
  recent.set('left', 1)
  vi.setSystemTime(Date.now() - 86_400_000)
  recent.get('other')
  vi.advanceTimersByTime(61_000)
  recent.get('other')
  expect(recent.get('left')).toBeUndefined()
})
