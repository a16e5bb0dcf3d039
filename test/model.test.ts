import { expect, test } from 'vitest'
import { play } from './support/model.ts'

/** Programs die in the last one. `npm run test:long` plays many more. */
const seeds = [13, 14, 15, 16, 17, 18, 19, 20]
const title = 'whatever visitors, tenant and gateways do, each ticket is whose it has to be'

// Far more than it takes, on a machine that does nothing else.
test(`${title}: ${seeds.length} sequences`, { timeout: 180_000 }, async () => {
  expect(await play(seeds)).toMatchObject({ sequences: seeds.length })
})
