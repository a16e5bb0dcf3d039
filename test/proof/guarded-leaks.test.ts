import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { worker } from '../support/proof/worker.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { leaks } from './leaks/all.ts'
import { foundIn } from './leaks/planted.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
  await stack.bff.stop()
})
afterAll(() => stack[Symbol.asyncDispose]())

describe('a leak that the guard stops is found by the search when the guard is off, in', () => {
  test.each(leaks.filter(({ guard }) => guard === 'stops it'))('$name', async ({ edits, where }) => {
    worker.plant()
    const { found } = await foundIn(stack, edits, 'off')
    expect(found.map((seen) => seen.where).filter((place) => where.test(place))).not.toEqual([])
    expect((await foundIn(stack, edits, 'on')).found).toEqual([])
  })
})
