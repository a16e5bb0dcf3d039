import { expect, test } from 'vitest'
import { play } from '../support/model.ts'

/** The one sequence to play again; a failure says which. */
const { SEED } = process.env
const seconds = Number(process.env.MODEL_SECONDS ?? 60)
const title = 'whatever visitors, tenant and gateways do, each ticket is whose it has to be'

test.skipIf(SEED === undefined)(`${title}: the sequence of SEED`, async () => {
  expect(await play([Number(SEED)])).toMatchObject({ sequences: 1 })
})

test.skipIf(SEED !== undefined)(
  `${title}: as many sequences as there is time for in ${seconds} seconds, 3000 at most`,
  async () => {
    const seeds = Array.from({ length: 3000 }, (_, place) => 1 + place)
    const { sequences, operations } = await play(seeds, { lanes: 3, milliseconds: seconds * 1000 })
    process.stdout.write(`${operations} operations in ${sequences} sequences\n`)
    expect(sequences).toBeGreaterThan(0)
  },
)
