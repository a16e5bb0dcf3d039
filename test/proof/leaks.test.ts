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

/** A page, and the part of it that htmx swaps. */
const each = (paths: readonly string[], status: number) =>
  Object.fromEntries(
    paths.flatMap((path) => [
      [path, status],
      [`${path} as a part`, status],
    ]),
  )

test('nothing is found of the gateway as it is, on a tour that gets everywhere', async () => {
  const { found, statuses } = await foundIn(stack, [], 'off')
  expect(found).toEqual([])
  expect(statuses).toEqual({
    anonymous: 200,
    login: 200,
    ...each(['/profile', '/protected', '/sessions', '/session'], 200),
    ...each(['/admin'], 403),
    ...each(['/nowhere'], 404),
    public: 200,
    protected: 200,
    admin: 403,
    nowhere: 404,
    'the callback again': 200,
    staying: 303,
    logout: 303,
    'the callback after the logout': 400,
  })
})

describe('a leak that the guard does not see is found by the search, in', () => {
  test.each(leaks.filter(({ guard }) => guard === 'does not see it'))('$name', async ({ edits, where }) => {
    worker.plant()
    const { found } = await foundIn(stack, edits, 'on')
    expect(found.map((seen) => seen.where).filter((place) => where.test(place))).not.toEqual([])
  })
})
